// The signals that STOPSIGNAL can name (signal(7), on Linux).

const names = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
);

/** A number, or a name with or without SIG, in upper or lower case. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const [, offset = '0'] = /^RT(?:MIN\+|MAX-)(\d+)$/.exec(name) ?? [];
  return names.has(name) || (offset !== '0' && Number(offset) <= 15);
}
