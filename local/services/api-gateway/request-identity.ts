import type { CredentialStore } from '../../door/credential-store.ts';
import { readSignature, verifySignature } from '../../door/signature.ts';
import { AwsError, type WireRequest } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import { isForeign } from './foreign-request.ts';
import { type IamIdentity, PRINCIPAL_HEADER } from './payload.ts';

const DEFAULT_PRINCIPAL = 'admin@local';

interface IdentityProps {
  readonly context: Pick<LocalContext, 'accountId' | 'region' | 'door'>;
  readonly credentials: CredentialStore;
  readonly apiId: string | undefined;
}

/**
 * Returns the identity behind a request: the signer of a signed request, after IAM allowed the call; for an unsigned
 * request the principal in its header.
 */
export function identify(
  request: WireRequest,
  path: string,
  { context, credentials, apiId }: IdentityProps,
): IamIdentity {
  const { accountId, region, door } = context;
  const scope = readSignature(request);
  if (!scope) {
    if (isForeign(request)) throw new AwsError('Forbidden', 'an unsigned request that another web site made');
    return { accessKey: 'unsigned', accountId, userArn: request.headers[PRINCIPAL_HEADER] ?? DEFAULT_PRINCIPAL };
  }
  const now = new Date();
  const { caller, secretAccessKey } = credentials.identify(scope.accessKeyId, scope.sessionToken, now);
  verifySignature(request, scope, secretAccessKey, now);
  if (caller.kind === 'service') throw new AwsError('Forbidden', 'a service principal signs no requests');
  const resource = `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${request.method}${path}`;
  door.authorize(caller, { action: 'execute-api:Invoke', resources: [resource] });
  return { accessKey: scope.accessKeyId, accountId: caller.accountId, userArn: caller.arn };
}
