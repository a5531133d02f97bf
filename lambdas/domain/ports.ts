import type { BuildCredentials } from './contract/build-credentials.ts';
import type { StateAddress } from './contract/state-address.ts';
import type { StateHead } from './contract/state-head.ts';
import type { EventDetail, EventName } from './events.ts';
import type { DescribedCertificate } from './model/dns/certificate.ts';
import type { HostedZone, ZoneRecord } from './model/dns/zone-record.ts';
import type { Environment } from './model/environment.ts';
import type { Listing } from './model/table/listings.ts';
import type { KeyOf, Kind, RecordOf, StoredRecord } from './model/table/records.ts';
import type { GateName } from './policy.ts';

/** What the domain needs from outside. One adapter each in `lambdas/adapters/`, one fake each in `test/fakes/`. */

export interface Page<T> {
  readonly items: T[];
  /** Opaque; give it back to get the next page. */
  readonly nextCursor?: string;
}

export interface Reader {
  /** The record as it is now (consistent read). */
  get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined>;
}

/** Reads each record once, and remembers it with the version it had then. */
export interface ReadAhead extends Reader {
  load(pk: string, sk: string): Promise<StoredRecord | undefined>;
}

/**
 * A transaction reads and writes as if alone: everything read by `get` (also its absence) is checked again by the one
 * write at the end, and the attempt runs again when any of it has changed meanwhile.
 */
export interface Transaction extends Reader {
  /** Writes a record that was read before in this transaction (also when it was absent then). */
  put<K extends Kind>(kind: K, record: RecordOf<K>): void;
  /** Writes a record that must not exist yet. */
  insert<K extends Kind>(kind: K, record: RecordOf<K>): void;
  delete<K extends Kind>(kind: K, key: KeyOf<K>): void;
}

export interface Store extends Reader {
  list<K extends Kind>(listing: Listing<K>, page?: { limit?: number; cursor?: string }): Promise<Page<RecordOf<K>>>;
  /** Reads that a transaction is given to begin with. */
  readAhead(): Promise<ReadAhead>;
  /**
   * Runs the attempt and commits its writes at once or not at all. Attempts must not have effects of their own, as
   * they are repeated when another writer wins. The first attempt reads nothing again that was read ahead; what it asks
   * for is checked like everything it reads. Throws ConflictError after many lost races.
   */
  transact<T>(attempt: (transaction: Transaction) => Promise<T>, ahead?: ReadAhead): Promise<T>;
}

export interface Artifact {
  readonly key: string;
  readonly versionId: string;
}

/** The artifact bucket. */
export interface ArtifactStore {
  readonly bucket: string;
  /**
   * Parsed JSON of an object (newest version when none is named), with the version read; undefined if absent. Throws
   * BuildResultError for what is no JSON, or has more bytes (64 MiB where nothing is said).
   */
  getJson(
    key: string,
    versionId?: string,
    mostBytes?: number,
  ): Promise<{ value: unknown; versionId: string } | undefined>;
  putJson(key: string, value: unknown): Promise<Artifact>;
  /** The newest text of an object, and when it was put there; undefined if absent. */
  getText(key: string): Promise<StoredText | undefined>;
}

export interface StoredText {
  readonly text: string;
  /** ISO 8601. */
  readonly modifiedAt: string;
}

/** Step Functions. */
export interface Workflow {
  /** Starts the deployment's execution; one that exists already counts as success. */
  start(deploymentId: string): Promise<void>;
  /** Resumes a waiting task. `gone`: the task no longer waits. */
  resume(token: string): Promise<'resumed' | 'gone'>;
  /** What the deployment's execution is doing; `absent` when there is none. */
  execution(
    deploymentId: string,
  ): Promise<{ status: 'running' | 'succeeded' | 'failed' | 'timed-out' | 'aborted' | 'absent'; startedAt?: string }>;
  /** Ids of the builds the execution has started, newest first (TaskSubmitted in its history). */
  builds(deploymentId: string): Promise<string[]>;
}

/** CodeBuild. */
export interface Builds {
  /** Is any of these builds still in progress? */
  anyInProgress(buildIds: readonly string[]): Promise<boolean>;
  /** Is this build in progress, and was it started with this value of the variable? */
  isRunningWith(buildId: string, name: string, value: string): Promise<boolean>;
}

/** STS: the roles of environments, as their builds get them. */
export interface EnvironmentRoles {
  /** Credentials of the role for at most an hour. Throws RoleRefusedError. */
  assume(role: AssumedRole): Promise<BuildCredentials>;
}

/** The Terraform states in the environments' own accounts. */
export interface StateReader {
  /** What tells the state's version apart; null when there is no state yet. Throws StateUnreadableError. */
  head(environment: Environment, address: StateAddress): Promise<StateHead | null>;
  /**
   * How many managed resources are in the state, deposed ones included; none where there is no state. Throws
   * StateUnreadableError, also for a state that does not show it, such as an encrypted one.
   */
  countResources(environment: Environment, address: StateAddress): Promise<number>;
}

export interface EventBus {
  publish<Name extends EventName>(name: Name, detail: EventDetail<Name>): Promise<void>;
}

/** E-mail to approvers, through one SNS topic with one filtered subscription per approver. */
export interface ApproverMail {
  /**
   * Subscribes the address so that it gets only its own messages; answers the subscription's ARN if it is confirmed
   * already. Throws InvalidInputError, RefusedError `approver-limit`.
   */
  subscribe(email: string): Promise<string | undefined>;
  /**
   * Confirms the address with the link that AWS mailed to it, so that only a signed call can end the subscription.
   * Throws InvalidInputError, RefusedError `confirmation-refused`.
   */
  confirm(email: string, link: string): Promise<Confirmation>;
  unsubscribe(subscriptionArn: string): Promise<void>;
  /** Every subscription of the topic by e-mail address. */
  subscriptions(): Promise<ReadonlyMap<string, Subscription>>;
  send(email: string, message: { subject: string; body: string }): Promise<void>;
}

export interface Confirmation {
  readonly arn: string;
  /** False when a plain click on the link came first, which AWS does not take back. */
  readonly unsubscribeProtected: boolean;
}

export interface Subscription {
  /** Absent while the confirmation is pending. */
  readonly arn?: string;
  readonly confirmed: boolean;
}

/** What an e-mailed link speaks for. */
export interface ApprovalLink {
  readonly deploymentId: string;
  readonly gate: GateName;
  readonly round: number;
  readonly email: string;
  readonly digest: string;
  /** Number of the person's link for this gate and plan; a newer one voids it. */
  readonly sequence: number;
}

/** Makes and reads the tokens of approval links, by HMAC with a key that never leaves KMS (rule 9). */
export interface LinkSigner {
  sign(link: ApprovalLink): Promise<string>;
  /** The link behind a token, or undefined for a forged or malformed one. */
  verify(token: string): Promise<ApprovalLink | undefined>;
}

/** EventBridge Scheduler: wakes the sweeper once, at a time. */
export interface Scheduler {
  /** Sets the wake-up of that name, also where there is one already. */
  wakeAt(name: string, at: string, environment: { application: string; environment: string }): Promise<void>;
  /** Takes a wake-up back; one that is not there (any more) counts as taken back. */
  cancel(name: string): Promise<void>;
}

/** Secrets that git hosts sign webhooks with, derived by a key that never leaves KMS: nothing stores them. */
export interface WebhookSecrets {
  /**
   * The secrets valid now for a part of a git host (`github.com/acme`), or for all of them where none is named: two
   * while one replaces the other, none when webhooks are switched off.
   */
  of(part?: string): Promise<readonly string[]>;
}

/** A role of another account, entered with the external id that it demands. */
export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId: string;
  /** What the account's own trail shows as the caller. */
  readonly sessionName: string;
}

/** Route 53, as the role sees it. */
export interface HostedZones {
  /** Ids of the public zones of exactly this name. */
  named(role: AssumedRole, domain: string): Promise<string[]>;
  /** The zone, if it is there and public. */
  zone(role: AssumedRole, id: string): Promise<HostedZone | undefined>;
  /** Every record set of exactly this name. */
  records(role: AssumedRole, zoneId: string, name: string): Promise<ZoneRecord[]>;
  /**
   * Removes and creates at once, or does nothing: what is removed must stand there exactly as given, what is created
   * must not be there. Answers the change's id, or in whose words Route 53 refused it. Throws ConflictError while
   * another change of the zone is under way.
   */
  change(
    role: AssumedRole,
    zoneId: string,
    wanted: { readonly remove?: readonly ZoneRecord[]; readonly create?: readonly ZoneRecord[] },
  ): Promise<{ readonly changeId: string } | { readonly refused: string }>;
  /** Do all name servers of the zone know the change? Long after it nobody remembers the change, and they do. */
  isInSync(role: AssumedRole, changeId: string): Promise<boolean>;
}

/** ACM of one region, as the role sees it. */
export interface Certificates {
  /** For an hour the same token answers the same certificate. The first name is the common name. */
  request(
    role: AssumedRole,
    region: string,
    wanted: {
      readonly names: readonly string[];
      readonly token: string;
      readonly tags: Readonly<Record<string, string>>;
    },
  ): Promise<string>;
  describe(role: AssumedRole, region: string, arn: string): Promise<DescribedCertificate | undefined>;
  /** One that is gone already counts as deleted. */
  delete(role: AssumedRole, region: string, arn: string): Promise<'deleted' | 'in-use'>;
}

/** DNS as everybody sees it. */
export interface PublicDns {
  /** The name servers a domain is delegated to, none where it is not; undefined when nobody could be asked. */
  nameServers(domain: string): Promise<readonly string[] | undefined>;
}

/** Time and chance, injected so that tests decide them. */
export interface Surroundings {
  /** ISO 8601, UTC, milliseconds. */
  now(): string;
  /** Lower-case hexadecimal digits. */
  randomHex(digits: number): string;
}
