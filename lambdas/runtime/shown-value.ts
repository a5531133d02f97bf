/** Most characters of a value that an answer repeats. */
const LONGEST_VALUE = 200;

const HIDDEN = '(not shown)';

/** Fields whose values are worth something to whoever reads them: links and tokens decide, and secrets open doors. */
const SECRET_FIELD = /^(?:link|.*(?:token|secret|password|signature|credential|authorization)s?)$/i;
/** A field with such a name that holds the address of a secret, and not the secret. */
const ADDRESS_OF_SECRET = /^secretArn$/;

const isSecret = (name: PropertyKey): boolean =>
  typeof name === 'string' && SECRET_FIELD.test(name) && !ADDRESS_OF_SECRET.test(name);

/** What is secret within a text: user and password of a URL, a token or a signature in its query, a link's path. */
const SECRET_PARTS: readonly (readonly [RegExp, string])[] = [
  [/(https?:\/\/)[^/\s@"]+@/g, `$1${HIDDEN}@`],
  [/([?&][^=&#\s"]*(?:token|signature|secret|password|credential|key)[^=&#\s"]*=)[^&#\s"]+/gi, `$1${HIDDEN}`],
  [/(\/approvals\/)[^/?#\s"]+/g, `$1${HIDDEN}`],
];

const withoutSecretParts = (text: string): string =>
  SECRET_PARTS.reduce((shown, [pattern, hidden]) => shown.replaceAll(pattern, hidden), text);

/**
 * Returns a value as an answer may repeat it: as JSON, without secrets, cut at a length. `path` says where in the input
 * it was. What is absent is shown as `nothing`.
 */
export function shownValue(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return 'nothing';
  if (path.some(isSecret)) return HIDDEN;
  const json = JSON.stringify(value, (name, inner: unknown) => {
    if (name !== '' && inner !== undefined && isSecret(name)) return HIDDEN;
    return typeof inner === 'string' ? withoutSecretParts(inner) : inner;
  });
  if (json === undefined) return 'nothing';
  return json.length > LONGEST_VALUE ? `${json.slice(0, LONGEST_VALUE)}…` : json;
}
