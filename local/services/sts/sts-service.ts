import * as z from 'zod';
import { roleSession } from '../../door/callers.ts';
import { createQueryProtocol } from '../../door/query-protocol.ts';
import { AwsError, type AwsService, type Caller, type Operation } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';

const AssumeRoleInputSchema = z.strictObject({
  RoleArn: z.string().regex(/^arn:aws:iam::\d{12}:role\/.+$/, 'the ARN of a role'),
  RoleSessionName: z.string().regex(/^[\w+=,.@-]{2,64}$/, '2 to 64 of letters, digits and _+=,.@-'),
  ExternalId: z.string().optional(),
  DurationSeconds: z.coerce.number().int().min(900).max(43_200).default(3600),
});

/** Longest session, in seconds, of a role that was assumed by another role; the role's own setting cannot extend it. */
const chainedSessionSeconds = 3600;

export interface StsProps {
  /** Runs before a role is assumed, so that roles of accounts that are made only on demand can be created. */
  readonly beforeAssume?: (roleArn: string) => Promise<void>;
}

const describeIdentity = (caller: Caller) => ({
  Account: caller.accountId,
  Arn: caller.kind === 'service' ? caller.sourceArn : caller.arn,
  UserId: caller.kind === 'role' ? `AROALOCAL:${caller.arn.split('/').at(-1)}` : 'AIDALOCAL',
});

/** Makes the local STS: AssumeRole, which checks the role's trust policy and external id, and GetCallerIdentity. */
export function createStsService(
  { door }: Pick<LocalContext, 'door'>,
  { beforeAssume }: StsProps = {},
): LocalService & { readonly service: AwsService } {
  const assumeRole: Operation = {
    // The trust policy and the caller's own policies decide together; both are checked in one step below.
    permissions: () => [],
    async perform(raw, { caller }) {
      const parsed = AssumeRoleInputSchema.safeParse(raw);
      if (!parsed.success) throw new AwsError('ValidationError', z.prettifyError(parsed.error));
      const { RoleArn, RoleSessionName, ExternalId, DurationSeconds } = parsed.data;
      await beforeAssume?.(RoleArn);
      door.authorizeAssumeRole(caller, RoleArn, {
        'sts:RoleSessionName': RoleSessionName,
        ...(ExternalId === undefined ? {} : { 'sts:ExternalId': ExternalId }),
      });
      if (caller.kind === 'role' && DurationSeconds > chainedSessionSeconds) {
        throw new AwsError(
          'ValidationError',
          'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
        );
      }
      const session = roleSession(RoleArn, RoleSessionName);
      const credentials = door.issueCredentials(session, DurationSeconds);
      return {
        Credentials: {
          AccessKeyId: credentials.accessKeyId,
          SecretAccessKey: credentials.secretAccessKey,
          SessionToken: credentials.sessionToken,
          Expiration: credentials.expiration,
        },
        AssumedRoleUser: { AssumedRoleId: `AROALOCAL:${RoleSessionName}`, Arn: describeIdentity(session).Arn },
      };
    },
  };
  const getCallerIdentity: Operation = {
    // AWS answers this call for everybody, even if a policy denies it.
    permissions: () => [],
    async perform(_, { caller }) {
      return describeIdentity(caller);
    },
  };
  return {
    service: {
      signingName: 'sts',
      protocol: createQueryProtocol({ namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' }),
      accessDenied: { code: 'AccessDenied', status: 403 },
      operations: { AssumeRole: assumeRole, GetCallerIdentity: getCallerIdentity },
    },
    provisioners: {},
  };
}
