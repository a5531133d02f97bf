import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import type { StateAddress } from '../domain/contract/state-address.ts';
import { type StateHead, StateHeadSchema } from '../domain/contract/state-head.ts';
import { countManaged } from '../domain/contract/state-resources.ts';
import { RoleRefusedError, StateUnreadableError } from '../domain/errors.ts';
import { type Environment, roleArnOf } from '../domain/model/environment.ts';
import type { StateReader } from '../domain/ports.ts';
import { type ClientAccess, RoleClients } from './role-clients.ts';
import { isPassing } from './service-errors.ts';

/** Everyone who can apply can write any object as the state. A large one must not bring a function down. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Half of the shortest timeout of the functions that read states. */
const MOST_MS = 30_000;

/** Reads states with the environment's own `state` role, which can read only that one object. */
export class S3StateReader implements StateReader {
  readonly #installation: string;
  readonly #clients: RoleClients<S3Client>;
  readonly #mostMs: number;

  constructor(
    installation: string,
    make: (access: ClientAccess) => S3Client = (access) => new S3Client(access),
    sts: STSClient = new STSClient({}),
    mostMs: number = MOST_MS,
  ) {
    this.#installation = installation;
    this.#clients = new RoleClients(make, sts);
    this.#mostMs = mostMs;
  }

  async head(environment: Environment, address: StateAddress): Promise<StateHead | null> {
    return this.#read(environment, address, (state) => StateHeadSchema.safeParse(state).data);
  }

  async countResources(environment: Environment, address: StateAddress): Promise<number> {
    return (await this.#read(environment, address, countManaged)) ?? 0;
  }

  /**
   * Returns what `find` finds in the state, or null when there is no state. Throws StateUnreadableError when the object
   * is refused, and when `find` finds nothing: then the object is no state that Stagegate can read. An error that may
   * pass says nothing about the state, and is thrown as it is.
   */
  async #read<Found>(
    environment: Environment,
    address: StateAddress,
    find: (state: unknown) => Found | undefined,
  ): Promise<Found | null> {
    const roleArn = roleArnOf(this.#installation, environment, 'state');
    const fail = (why: string) =>
      new StateUnreadableError(`reading the state s3://${address.bucket}/${address.key} as ${roleArn}: ${why}`);
    let text: string | null;
    try {
      text = await this.#withinTime((signal) => this.#get(environment, address, signal));
    } catch (error) {
      if (isPassing(error)) throw error;
      throw fail(isWorded(error) ? error.message : error instanceof Error ? error.name : 'it cannot be read');
    }
    if (text === null) return null;
    const state = parsed(text);
    const found = find(state);
    // The message of the parser is left out: it would quote the state, which holds secrets.
    if (found === undefined) throw fail(isEncrypted(state) ? 'OpenTofu has encrypted it' : 'it is no Terraform state');
    return found;
  }

  async #get(environment: Environment, { bucket, key, region }: StateAddress, abortSignal: AbortSignal) {
    const { application, name, externalId } = environment;
    const roleArn = roleArnOf(this.#installation, environment, 'state');
    const s3 = this.#clients.as({ roleArn, externalId, sessionName: `${application}-${name}` }, region);
    try {
      const { Body, ContentLength = 0 } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal,
      });
      if (ContentLength > MOST_BYTES) throw new Refusal(`it has ${ContentLength} bytes, more than ${MOST_BYTES}`);
      return (await Body?.transformToString('utf8')) ?? '';
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      throw error;
    }
  }

  async #withinTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `it took more than ${this.#mostMs / 1000} seconds`;
      timer = setTimeout(() => reject(Object.assign(new Error(message), { name: 'TimeoutError' })), this.#mostMs);
    });
    try {
      return await Promise.race([work(controller.signal), late]);
    } finally {
      clearTimeout(timer);
      // Ends a download that is not complete.
      controller.abort();
    }
  }
}

/** The reason why a state is not read, with a message of Stagegate that may be shown. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Returns whether an error has a message of Stagegate. Messages of S3 are not shown. */
const isWorded = (error: unknown): error is Error => error instanceof Refusal || error instanceof RoleRefusedError;

const isEncrypted = (state: unknown): boolean =>
  typeof state === 'object' && state !== null && 'encrypted_data' in state;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
