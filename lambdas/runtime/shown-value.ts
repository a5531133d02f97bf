/** Most characters of a value that an answer repeats. */
const LONGEST_VALUE = 200;

const HIDDEN = '(not shown)';

/** Fields whose values are worth something to whoever reads them: links and tokens decide, and secrets open doors. */
const SECRET_FIELD =
  /^(?:link|.*(?:token|secret|password|passwd|passphrase|signature|credential|authorization|(?:api|access|private)[_-]?key)s?)$/i;
/** A field with such a name that holds the address of a secret, and not the secret. */
const ADDRESS_OF_SECRET = /^secretArn$/;

const isSecret = (name: PropertyKey): boolean =>
  typeof name === 'string' && SECRET_FIELD.test(name) && !ADDRESS_OF_SECRET.test(name);

/** User and password of a URL are everything before the last `@` of its host. A user of ssh alone is no secret. */
const USER = /(https?)?:\/\/([^/\s"]*)@/g;
/** One parameter of a query. A name has no `?`, so that the text is read once, whoever wrote it. */
const PARAMETER = /([?&])([^?=&#\s"]*)=([^&#\s"]+)/g;
const SECRET_PARAMETER = /token|signature|secret|password|credential|key/i;
const LINK = /(\/approvals\/)[^/?#\s"]+/g;

/** Hides what is secret within a text: user and password of a URL, a token or signature in its query, a link's path. */
const withoutSecretParts = (text: string): string =>
  text
    .replaceAll(USER, (all, scheme: string | undefined, user: string) =>
      scheme !== undefined || user.includes(':') ? `${scheme ?? ''}://${HIDDEN}@` : all,
    )
    .replaceAll(PARAMETER, (all, before: string, name: string) =>
      SECRET_PARAMETER.test(name) ? `${before}${name}=${HIDDEN}` : all,
    )
    .replaceAll(LINK, `$1${HIDDEN}`);

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
