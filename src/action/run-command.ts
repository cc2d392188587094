// How an image is started.

/** The line for a shell that boots an image with urunc. @param image a reference in full */
export function runCommand(image: string): string {
  return `nerdctl run --rm --runtime io.containerd.urunc.v2 ${image}`;
}
