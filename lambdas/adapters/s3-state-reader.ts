import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import type { StateAddress } from '../domain/deployment.ts';
import { type Environment, roleArnOf } from '../domain/environment.ts';
import { StateUnreadableError } from '../domain/errors.ts';
import type { StateReader } from '../domain/ports.ts';
import { type StateHead, StateHeadSchema } from '../domain/state-head.ts';
import { RoleClients } from './role-clients.ts';

/** Reads states as the environment's own `state` role, which can read that one object and nothing else. */
export class S3StateReader implements StateReader {
  readonly #clients: RoleClients<S3Client>;

  constructor(sts: STSClient = new STSClient({})) {
    this.#clients = new RoleClients((access) => new S3Client(access), sts);
  }

  async head(environment: Environment, { bucket, key, region }: StateAddress): Promise<StateHead | null> {
    const { application, name, externalId } = environment;
    const roleArn = roleArnOf(environment, 'state');
    try {
      const s3 = this.#clients.as({ roleArn, externalId, sessionName: `${application}-${name}` }, region);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return StateHeadSchema.parse(JSON.parse((await Body?.transformToString('utf8')) ?? ''));
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      // The words of a parser would quote the state, which holds secrets.
      const why =
        error instanceof SyntaxError || !(error instanceof Error) ? 'it is not a Terraform state' : error.name;
      throw new StateUnreadableError(`reading the state s3://${bucket}/${key} as ${roleArn}: ${why}`);
    }
  }
}
