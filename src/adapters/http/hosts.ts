// What a host name says about where it leads: this machine, or a private network.

/** Names and addresses of this machine, as browsers have them. `hostname` is a URL's, so IPv6 is in brackets. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname.startsWith('[::ffff:7f') ||
    hostname === '[::1]' ||
    (isAddress(hostname) && hostname.startsWith('127.'))
  );
}

/** The addresses of cloud metadata services and the like: no registry lives there. */
export function isLinkLocal(hostname: string): boolean {
  return /^169\.254\.|^\[fe[89ab]|^\[::ffff:a9fe:/.test(hostname);
}

/**
 * An address literal, or a name of this machine, that means another thing to each network. Names are not
 * resolved: the check keeps an answer from pointing at a neighbour, it doesn't replace a firewall.
 */
export function isPrivate(hostname: string): boolean {
  if (isLoopback(hostname) || isLinkLocal(hostname)) return true;
  if (hostname.startsWith('[')) {
    return /^\[(?:f[cd]|::\]|::ffff:(?:a[0-9a-f]{2}:|ac1[0-9a-f]:|c0a8:|64[4-7][0-9a-f]:|0:|[0-9a-f]{1,2}:))/.test(
      hostname,
    );
  }
  if (!isAddress(hostname)) return false;
  const [first = 0, second = 0] = hostname.split('.').map(Number);
  return (
    first === 0 ||
    first === 10 ||
    (first === 172 && second >= 16 && second <= 31) ||
    (first === 192 && second === 168) ||
    // Shared address space of carriers and clouds (RFC 6598).
    (first === 100 && second >= 64 && second <= 127)
  );
}

function isAddress(hostname: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}
