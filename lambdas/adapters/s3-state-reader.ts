import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { type StateAddress, type StateHead, StateHeadSchema } from '../domain/deployment.ts';
import { type Environment, roleArnOf } from '../domain/environment.ts';
import { StateUnreadableError } from '../domain/errors.ts';
import type { StateReader } from '../domain/ports.ts';

/** The shortest STS gives. */
const SESSION_SECONDS = 900;

/** Reads states as the environment's own `state` role, which can read that one object and nothing else. */
export class S3StateReader implements StateReader {
  readonly #sts: STSClient;

  constructor(sts: STSClient = new STSClient({})) {
    this.#sts = sts;
  }

  async head(environment: Environment, { bucket, key, region }: StateAddress): Promise<StateHead | null> {
    const role = roleArnOf(environment, 'state');
    try {
      const s3 = new S3Client({ region, credentials: await this.#assume(environment, role) });
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return StateHeadSchema.parse(JSON.parse((await Body?.transformToString('utf8')) ?? ''));
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      // The words of a parser would quote the state, which holds secrets.
      const why =
        error instanceof SyntaxError || !(error instanceof Error) ? 'it is not a Terraform state' : error.name;
      throw new StateUnreadableError(`reading the state s3://${bucket}/${key} as ${role}: ${why}`);
    }
  }

  async #assume({ application, name, externalId }: Environment, role: string) {
    const { Credentials } = await this.#sts.send(
      new AssumeRoleCommand({
        ...{ RoleArn: role, RoleSessionName: `${application}-${name}`, ExternalId: externalId },
        DurationSeconds: SESSION_SECONDS,
      }),
    );
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  }
}
