// Who signs statements about images, as those see it who have something to sign.

export interface Signer {
  /**
   * Who signs, for people: `https://github.com/o/r/.github/workflows/x.yml@refs/heads/main`, or `key sha256:<hex>` (of the
   * public key, as DER).
   */
  readonly identity: string;

  /**
   * Signs an in-toto statement. The statements of one run may be signed at the same time; they share one certificate.
   *
   * @returns a sigstore bundle as JSON, of the media type `application/vnd.dev.sigstore.bundle.v0.3+json`
   * @throws a `BimaError` that names the service, says what it answered, and what to do
   */
  sign(statement: Uint8Array): Promise<Uint8Array>;
}
