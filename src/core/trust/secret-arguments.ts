// Build arguments that nobody should publish: recognized by their names, as BuildKit's check "SecretsUsedInArgOrEnv" does,
// and by values that are URLs with a password.

const secretName =
  /(?:^|_)(?:api_?key|auth|credentials?|key|passphrase|passwd|password|pat|pword|pwd|secret|token)s?(?:_|$)/i;
const publicName = /(?:^|_)public(?:_|$)/i;
const urlWithPassword = /:\/\/[^/?#@\s]*:[^/?#@\s]*@/;

/** Whether a document that others read leaves the value out. */
export function isSecretArgument(name: string, value: string): boolean {
  return (secretName.test(name) && !publicName.test(name)) || urlWithPassword.test(value);
}
