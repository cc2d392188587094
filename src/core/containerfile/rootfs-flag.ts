// The value of COPY --rootfs: that what is copied becomes one file, which holds it as a root file system.

/** How a root file system is written into a file. */
export type RootfsForm =
  | { readonly type: 'initrd'; readonly compression: 'none' | 'gzip' | 'zstd' }
  /** `free`: bytes that the guest can write. */
  | { readonly type: 'block'; readonly free: number };

const units = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

const defaultFree = 16 * units.M;
/** More is a mistake: the image would hold it as zeros. */
const maxFree = 1024 * units.G;

/** `initrd[,compression=gzip|zstd|none]` or `block[,free=SIZE]`; undefined for anything else. */
export function parseRootfsForm(text: string): RootfsForm | undefined {
  const initrd = /^initrd(?:,compression=(gzip|zstd|none))?$/.exec(text);
  if (initrd !== null) {
    const [, method] = initrd;
    return { type: 'initrd', compression: method === 'gzip' || method === 'zstd' ? method : 'none' };
  }
  const block = /^block(?:,free=(\d{1,15})([KMG]?))?$/.exec(text);
  if (block === null) return undefined;
  const [, digits, unit] = block;
  if (digits === undefined) return { type: 'block', free: defaultFree };
  const free = Number(digits) * (unit === 'K' || unit === 'M' || unit === 'G' ? units[unit] : 1);
  return free > maxFree ? undefined : { type: 'block', free };
}

export function formatRootfsForm(form: RootfsForm): string {
  if (form.type === 'block') return form.free === defaultFree ? 'block' : `block,free=${form.free}`;
  return form.compression === 'none' ? 'initrd' : `initrd,compression=${form.compression}`;
}
