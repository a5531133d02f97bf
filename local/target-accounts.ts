import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { CloudAssembly } from './assembly/cloud-assembly.ts';
import { deployTemplate } from './assembly/deploy-template.ts';
import type { LocalContext, Provisioner } from './assembly/provision.ts';
import type { LocalDoor } from './door/door.ts';
import type { ReadySource } from './services/codebuild/build-runner.ts';
import { createIamService } from './services/iam/iam-service.ts';
import { createKmsService } from './services/kms/kms-service.ts';
import type { S3Service } from './services/s3/s3-service.ts';

interface TargetAccountsProps {
  readonly context: LocalContext;
  readonly door: LocalDoor;
  readonly s3: S3Service;
  readonly assembly: CloudAssembly;
}

interface StateAddress {
  readonly bucket: string;
  readonly key: string;
}

interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** What a build of an environment is told; other builds have no target account. */
const VariablesSchema = z.object({
  STAGEGATE_APPLICATION: z.string(),
  STAGEGATE_ENVIRONMENT: z.string(),
  STAGEGATE_DIRECTORY: z.string(),
  STAGEGATE_ACCOUNT_ID: z.string(),
  STAGEGATE_REGION: z.string(),
  STAGEGATE_EXTERNAL_ID: z.string(),
  STAGEGATE_STATE_BUCKET: z.string(),
  STAGEGATE_STATE_KEY: z.string(),
  STAGEGATE_ENGINE: z.enum(['terraform', 'tofu']),
});
type Variables = z.infer<typeof VariablesSchema>;

const StateAddressProgram = z.object({
  findStateAddress: z.custom<
    (directory: string, engine: 'terraform' | 'tofu', convention: StateAddress) => Promise<StateAddress>
  >((value) => typeof value === 'function'),
});

/**
 * Plays the operators of the environments' accounts: before a build runs, the stacks for state bucket and roles are
 * "deployed" into its environment's account from the synthesized templates, with the parameters an operator would give.
 * Where a directory's own backend block names another bucket, that bucket is taken to exist already.
 */
export function createTargetAccounts({ context, door, s3, assembly }: TargetAccountsProps): {
  prepare(source: ReadySource): Promise<void>;
} {
  const deployed = new Map<string, Promise<unknown>>();
  const provisionersIn = ({ accountId, region }: Place): Record<string, Provisioner> => ({
    ...createIamService({ accountId }, door.policies).provisioners,
    ...createKmsService({ ...context, accountId, region }).provisioners,
    ...s3.provisionersFor({ accountId, region }),
  });
  const deployOnce = (stack: string, stackName: string, place: Place, parameters: Record<string, string>) => {
    const fingerprint = JSON.stringify([stackName, place, parameters]);
    const running =
      deployed.get(fingerprint) ??
      deployTemplate({
        template: assembly.stack(stack).template,
        ...{ stackName, ...place, parameters, provisioners: provisionersIn(place) },
      });
    deployed.set(fingerprint, running);
    return running;
  };
  return {
    async prepare({ directory, secondary: { scripts }, variables: given }) {
      const parsed = VariablesSchema.safeParse(given);
      if (!parsed.success || !scripts) return;
      const variables = parsed.data;
      const place = { accountId: variables.STAGEGATE_ACCOUNT_ID, region: variables.STAGEGATE_REGION };
      await deployOnce('StagegateStateBucket', 'stagegate-state', place, {});
      const address = await stateAddressOf(directory, scripts, variables);
      if (!s3.store.findBucket(address.bucket))
        s3.store.putBucket({
          ...{ name: address.bucket, ...place },
          ...{ versioning: 'Enabled', encryption: { algorithm: 'AES256' } },
        });
      const { STAGEGATE_APPLICATION: application, STAGEGATE_ENVIRONMENT: environment } = variables;
      const buildRole = (purpose: string) => `arn:aws:iam::${context.accountId}:role/stagegate-${purpose}-build`;
      await deployOnce('StagegateTargetAccount', `stagegate-${application}-${environment}`, place, {
        Application: application,
        Environment: environment,
        ExternalId: variables.STAGEGATE_EXTERNAL_ID,
        PlanBuildRoleArn: buildRole('plan'),
        ApplyBuildRoleArn: buildRole('apply'),
        StateBucket: address.bucket,
        StateKey: address.key,
      });
    },
  };
}

/** Where the environment's directory keeps its state, as the build itself will find out. */
async function stateAddressOf(checkout: string, scripts: string, variables: Variables): Promise<StateAddress> {
  const convention = { bucket: variables.STAGEGATE_STATE_BUCKET, key: variables.STAGEGATE_STATE_KEY };
  const program: unknown = await import(pathToFileURL(join(scripts, 'scripts', 'state-address.mjs')).href);
  const { findStateAddress } = StateAddressProgram.parse(program);
  try {
    return await findStateAddress(
      join(checkout, variables.STAGEGATE_DIRECTORY),
      variables.STAGEGATE_ENGINE,
      convention,
    );
  } catch {
    // A directory that cannot be read is for the build itself to refuse, with its own words.
    return convention;
  }
}
