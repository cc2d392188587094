// What is signed of an envelope (github.com/secure-systems-lab/dsse, protocol.md, version 1).

/** The pre-authentication encoding: type and payload, each with its length, so that neither passes for the other. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload]);
}
