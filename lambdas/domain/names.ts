import * as z from 'zod';

/** Name of an application. The lengths 32 + 16 + 7 + 6 and three dashes fit in the 64 characters of a deployment id. */
export const ApplicationNameSchema = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,31}$/,
    'lower-case letters, digits and single dashes, at most 32, beginning with a letter',
  );
export const EnvironmentNameSchema = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,15}$/,
    'lower-case letters, digits and single dashes, at most 16, beginning with a letter',
  );
/** Name of a branch in a stored record. Records of earlier versions may have a name that `BranchSchema` refuses. */
export const StoredBranchSchema = z.string().regex(/^(?!-)(?!.*\.\.)[A-Za-z0-9._/-]{1,250}$/, 'a git branch name');

const HEADS = 'refs/heads/';
/** Name of a branch as a request gives it: one that git allows (`git check-ref-format --branch`), of these characters. */
export const BranchSchema = z
  .string()
  .regex(
    /^(?![-/])(?!HEAD$)(?!.*(?:\.\.|\/\/|\/\.|\.lock(?:\/|$)))(?!\.)[A-Za-z0-9._/-]{1,250}(?<![./])$/,
    'a branch name that git allows, of letters, digits and . _ / -, such as main or feature/x',
  )
  .refine((name) => !name.startsWith('refs/'), {
    error: ({ input }) =>
      typeof input === 'string' && input.startsWith(HEADS) && input !== HEADS
        ? `write ${input.slice(HEADS.length)}, the name of the branch without ${HEADS}`
        : 'the name of a branch, such as main: nothing is deployed from other refs',
  });
export const CommitSchema = z.string().regex(/^[0-9a-f]{40}$/, 'a full commit id: 40 lower-case hexadecimal digits');
/** The id that git gives for the missing commit before a branch was made and after it was deleted. */
export const NO_COMMIT = '0'.repeat(40);
export const ReleaseNumberSchema = z.number().int().min(1).max(9_999_999);
export const EmailSchema = z.email().max(254).toLowerCase();
export const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 digest: 64 lower-case hexadecimal digits');
/** Region in a stored record. Records of earlier versions may have one that `RegionSchema` refuses. */
export const StoredRegionSchema = z.string().regex(/^[a-z]{2,4}(?:-[a-z]+)+-\d$/, 'an AWS region name');

/**
 * Region as a request gives it: `eu-west-1`, and the forms of the other partitions, `us-gov-west-1`, `us-iso-east-1`,
 * `us-isob-east-1`, `eusc-de-east-1`. Which regions there are is not fixed: a new one must not wait for a new version.
 */
export const RegionSchema = z
  .string()
  .regex(
    /^(?:[a-z]{2}(?:-(?:gov|iso[a-z]?))?|eusc-de)-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]$/,
    'the name of an AWS region, such as eu-west-1',
  );
/** An account id as a request gives it. */
export const AccountIdSchema = z.string().regex(/^\d{12}$/, 'an AWS account id: 12 digits, as a text');
export const RoleArnSchema = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,128}$/, 'an IAM role ARN');
/** The number by which a git host knows a repository. It stays the same when the repository is renamed or transferred. */
export const RepositoryIdSchema = z.int().min(1);
export const InstantSchema = z.iso.datetime();

/** `<app>-<env>-<n>-<6 characters>`, at most 64 of [A-Za-z0-9-]: also the name of the execution and role session. */
export const DeploymentIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,48}-[0-9]{1,7}-[a-z0-9]{6}$/, 'a deployment id');

export function deploymentId(application: string, environment: string, number: number, suffix: string): string {
  return DeploymentIdSchema.parse(`${application}-${environment}-${number}-${suffix}`);
}

/** Prefix of the audit's partitions. No function may delete what is in them. */
export const AUDIT_PARTITION_PREFIX = 'AUDIT#';

/** Returns the directory of an environment in its config repository. */
export const directoryOf = (application: string, environment: string): string => `apps/${application}/${environment}`;

/** Returns the number with a fixed width, so that texts sort like their numbers. */
export const padded = (number: number): string => String(number).padStart(7, '0');
