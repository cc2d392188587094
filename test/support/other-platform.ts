// Another operating system's branches on this one: what reads the name of the system gets another.

/** Runs `body` as if this were the other system. Nothing else may run meanwhile. */
export async function onPlatform<T>(platform: NodeJS.Platform, body: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(process, 'platform');
  Object.defineProperty(process, 'platform', { ...own, value: platform });
  try {
    return await body();
  } finally {
    if (own !== undefined) Object.defineProperty(process, 'platform', own);
  }
}
