import type { BuildCredentials } from './contract/build-credentials.ts';
import type { StateAddress } from './contract/state-address.ts';
import type { StateHead } from './contract/state-head.ts';
import type { UnreadableRecordError } from './errors.ts';
import type { EventDetail, EventName } from './events.ts';
import type { DescribedCertificate } from './model/dns/certificate.ts';
import type { HostedZone, ZoneRecord } from './model/dns/zone-record.ts';
import type { Environment } from './model/environment.ts';
import type { Listing } from './model/table/listings.ts';
import type { KeyOf, Kind, RecordOf, StoredRecord } from './model/table/records.ts';
import type { GateName } from './policy.ts';

/**
 * What the domain needs from outside: each port has one adapter in `lambdas/adapters/`, one fake in `test/fakes/`. Every
 * method throws ServiceUnavailableError while its service cannot be reached, is too busy or fails by itself.
 */

export interface Page<T> {
  readonly items: T[];
  /** Records of the page that cannot be read. They are reported and never changed. `listAll` refuses to skip them. */
  readonly unreadable: readonly UnreadableRecordError[];
  /** Opaque text; pass it as `cursor` to get the next page. */
  readonly nextCursor?: string;
  /** Returns what a page has that ends with this item of this page: its cursor, and what of it cannot be read. */
  endingWith(item: T): Pick<Page<T>, 'unreadable'> & { readonly nextCursor: string };
}

export interface Reader {
  /** Returns the record as it is now (consistent read). Throws UnreadableRecordError. */
  get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined>;
}

/** Reads each record once, and remembers it with its version at that time. */
export interface ReadAhead extends Reader {
  load(pk: string, sk: string): Promise<StoredRecord | undefined>;
}

/**
 * Reads and writes as if no other writer existed: the one write at the end checks that all records read by `get`,
 * including absent ones, are unchanged. If any has changed in the meantime, the attempt runs again.
 */
export interface Transaction extends Reader {
  /** Writes a record that this transaction has read before (also if it was absent then). */
  put<K extends Kind>(kind: K, record: RecordOf<K>): void;
  /** Writes a record that must not exist yet. */
  insert<K extends Kind>(kind: K, record: RecordOf<K>): void;
  delete<K extends Kind>(kind: K, key: KeyOf<K>): void;
}

export interface Store extends Reader {
  list<K extends Kind>(listing: Listing<K>, page?: { limit?: number; cursor?: string }): Promise<Page<RecordOf<K>>>;
  /** Returns a reader whose reads a transaction can start from. */
  readAhead(): Promise<ReadAhead>;
  /**
   * Runs the attempt and commits its writes all at once or not at all. An attempt must not have effects of its own,
   * because it is repeated when another writer wins. The first attempt takes records that were read ahead from `ahead`;
   * those that it takes are checked at the commit like all other reads. Throws ConflictError after many lost races, and
   * UnreadableRecordError if the attempt met a record that cannot be read: then nothing is written, whatever the
   * attempt made of that.
   */
  transact<T>(attempt: (transaction: Transaction) => Promise<T>, ahead?: ReadAhead): Promise<T>;
}

export interface Artifact {
  readonly key: string;
  readonly versionId: string;
}

/** A copy, with the SHA-256 of its bytes in hexadecimal digits. */
export interface CopiedArtifact extends Artifact {
  readonly sha256: string;
}

/** The artifact bucket. */
export interface ArtifactStore {
  readonly bucket: string;
  /**
   * Returns the parsed JSON of an object (the newest version if none is named) and the version that was read; undefined
   * if the object is absent. Throws BuildResultError if it is not JSON, or has more than `mostBytes` (default 64 MiB).
   */
  getJson(
    key: string,
    versionId?: string,
    mostBytes?: number,
  ): Promise<{ value: unknown; versionId: string } | undefined>;
  putJson(key: string, value: unknown): Promise<Artifact>;
  /**
   * Copies an object to a key at which there is none, and returns the copy. A copy with the same bytes that is there
   * already counts as made. Returns undefined if the original is absent. Throws BuildResultError if the original has no
   * SHA-256, or if something else is at the key.
   */
  copyOnce(from: string, to: string): Promise<CopiedArtifact | undefined>;
  /** Returns whether this version is still the newest one of its object. */
  isThere(artifact: Artifact): Promise<boolean>;
  /**
   * Deletes a version of an object for good: the newest one if none is named. What is absent counts as deleted.
   */
  deleteForGood(key: string, versionId?: string): Promise<void>;
  /** Returns the newest text of an object and the time at which it was stored; undefined if the object is absent. */
  getText(key: string): Promise<StoredText | undefined>;
}

export interface StoredText {
  readonly text: string;
  /** ISO 8601. */
  readonly modifiedAt: string;
}

/** Step Functions. */
export interface Workflow {
  /** Starts the deployment's execution. An execution that exists already counts as success. */
  start(deploymentId: string): Promise<void>;
  /** Resumes a waiting task. `gone`: the task no longer waits. */
  resume(token: string): Promise<'resumed' | 'gone'>;
  /** Returns the status of the deployment's execution; `absent` if there is none. */
  execution(
    deploymentId: string,
  ): Promise<{ status: 'running' | 'succeeded' | 'failed' | 'timed-out' | 'aborted' | 'absent'; startedAt?: string }>;
  /** Returns the ids of the builds that the execution has started, newest first (TaskSubmitted in its history). */
  builds(deploymentId: string): Promise<string[]>;
}

export type BuildStatus = 'running' | 'succeeded' | 'failed';

/** CodeBuild. */
export interface Builds {
  /** Returns the status of a build, which is `running` also while it is queued; undefined if there is no such build. */
  statusOf(buildId: string): Promise<BuildStatus | undefined>;
  /** Returns whether any of these builds is still in progress. */
  anyInProgress(buildIds: readonly string[]): Promise<boolean>;
  /** Returns whether this build is in progress and was started with this value of the variable. */
  isRunningWith(buildId: string, name: string, value: string): Promise<boolean>;
}

/** STS: gives builds the roles of their environments. */
export interface EnvironmentRoles {
  /** Returns credentials of the role for at most an hour. Throws RoleRefusedError. */
  assume(role: AssumedRole): Promise<BuildCredentials>;
}

/** The Terraform states in the environments' own accounts. */
export interface StateReader {
  /** Returns what identifies the state's version; null if there is no state yet. Throws StateUnreadableError. */
  head(environment: Environment, address: StateAddress): Promise<StateHead | null>;
  /**
   * Counts the managed resources in the state, including deposed ones; 0 if there is no state. Throws
   * StateUnreadableError, also if the state does not show its resources, for example because it is encrypted.
   */
  countResources(environment: Environment, address: StateAddress): Promise<number>;
}

export interface EventBus {
  publish<Name extends EventName>(name: Name, detail: EventDetail<Name>): Promise<void>;
}

/** What a public repository says about its branches, or why it says nothing. */
export type Heads =
  /** The commit of each branch. */
  | { readonly kind: 'branches'; readonly branches: ReadonlyMap<string, string> }
  /** The host answered, but not with branches. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** The host gave no answer. */
  | { readonly kind: 'unreachable'; readonly problem: string };

/** Public repositories, which are asked without a credential. */
export interface RepositoryHeads {
  /** `url`: an https address without credentials, port, query or a slash at the end. */
  of(url: string): Promise<Heads>;
}

/** E-mail to approvers, through one SNS topic with one filtered subscription per approver. */
export interface ApproverMail {
  /**
   * Subscribes the address so that it gets only its own messages. Returns the subscription's ARN if it is already
   * confirmed. Throws InvalidInputError, RefusedError `approver-limit`.
   */
  subscribe(email: string): Promise<string | undefined>;
  /**
   * Confirms the address with the link that AWS mailed to it, so that only a signed call can end the subscription.
   * Throws InvalidInputError, RefusedError `confirmation-refused`.
   */
  confirm(email: string, link: string): Promise<Confirmation>;
  unsubscribe(subscriptionArn: string): Promise<void>;
  /** Returns every subscription of the topic by e-mail address. */
  subscriptions(): Promise<ReadonlyMap<string, Subscription>>;
  send(email: string, message: { subject: string; body: string }): Promise<void>;
}

export interface Confirmation {
  readonly arn: string;
  /** False if somebody clicked the link before: AWS keeps such an unprotected confirmation. */
  readonly unsubscribeProtected: boolean;
}

export interface Subscription {
  /** Absent while the confirmation is pending. */
  readonly arn?: string;
  readonly confirmed: boolean;
}

/** The contents of an approval link. */
export interface ApprovalLink {
  readonly deploymentId: string;
  readonly gate: GateName;
  readonly round: number;
  readonly email: string;
  readonly digest: string;
  /** Number of the person's link for this gate and plan; a link with a higher number voids it. */
  readonly sequence: number;
}

/** Makes and verifies the tokens of approval links, by HMAC with a key that never leaves KMS (rule 9). */
export interface LinkSigner {
  sign(link: ApprovalLink): Promise<string>;
  /** Returns the link that a token contains, or undefined if the token is forged or malformed. */
  verify(token: string): Promise<ApprovalLink | undefined>;
}

/** EventBridge Scheduler: starts the sweep function once, at a given time. */
export interface Scheduler {
  /** Sets the wake-up of that name, and replaces an existing one. */
  wakeAt(name: string, at: string, environment: { application: string; environment: string }): Promise<void>;
  /** Removes a wake-up. A wake-up that does not exist (any more) counts as removed. */
  cancel(name: string): Promise<void>;
}

/** Secrets with which git hosts sign webhooks. They are derived by a key that never leaves KMS, and never stored. */
export interface WebhookSecrets {
  /**
   * Returns the secrets that are valid now for a part of a git host (`github.com/acme`), or for all parts if none is
   * named: two while one replaces the other, none if webhooks are switched off.
   */
  of(part?: string): Promise<readonly string[]>;
}

/** A role of another account, and the external id with which it is assumed. */
export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId: string;
  /** The caller's name in the CloudTrail of that account. */
  readonly sessionName: string;
}

/** Route 53, called with the role. */
export interface HostedZones {
  /** Returns the ids of the public zones of exactly this name. */
  named(role: AssumedRole, domain: string): Promise<string[]>;
  /** Returns the zone if it exists and is public. */
  zone(role: AssumedRole, id: string): Promise<HostedZone | undefined>;
  /** Returns every record set of exactly this name. */
  records(role: AssumedRole, zoneId: string, name: string): Promise<ZoneRecord[]>;
  /**
   * Removes and creates record sets in one change, or changes nothing: each removed set must exist exactly as given,
   * each created set must not exist yet. Returns the change's id, or the message with which Route 53 refused it. Throws
   * ServiceUnavailableError while another change of the zone is in progress.
   */
  change(
    role: AssumedRole,
    zoneId: string,
    wanted: { readonly remove?: readonly ZoneRecord[]; readonly create?: readonly ZoneRecord[] },
  ): Promise<{ readonly changeId: string } | { readonly refused: string }>;
  /** Returns whether all name servers of the zone know the change; true for one so old that Route 53 forgot it. */
  isInSync(role: AssumedRole, changeId: string): Promise<boolean>;
}

/** ACM of one region, called with the role. */
export interface Certificates {
  /** Returns the certificate's ARN: for an hour, the same ARN for the same token. The first name is the common name. */
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
  /** Deletes the certificate. A certificate that no longer exists counts as deleted. */
  delete(role: AssumedRole, region: string, arn: string): Promise<'deleted' | 'in-use'>;
}

/** DNS as everybody on the internet sees it. */
export interface PublicDns {
  /** Returns the name servers of a domain; none if it is not delegated, undefined if no resolver could be asked. */
  nameServers(domain: string): Promise<readonly string[] | undefined>;
}

/** Where the code runs, time and random digits, injected so that tests decide them. */
export interface Surroundings {
  /** Name of the installation. */
  readonly installation: string;
  /** Returns the time as ISO 8601, in UTC with milliseconds. */
  now(): string;
  /** Returns random lower-case hexadecimal digits. */
  randomHex(digits: number): string;
}
