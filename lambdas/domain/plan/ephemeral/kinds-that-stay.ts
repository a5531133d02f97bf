import { isBlank, type JsonRecord } from '../../json-value.ts';

/** A way in which an object resists its destruction, read from the values that it will have. */
export interface Resistance {
  /** Kinds of resources; `any` where the argument means the same for every kind that has it, also in its blocks. */
  readonly kinds: 'any' | readonly string[];
  /** Kinds that are not meant by `any`. */
  readonly except?: readonly string[];
  readonly attribute: string;
  /** Further arguments that decide. If the plan does not know one of them, nothing is said. */
  readonly besides?: readonly string[];
  readonly resists: (value: unknown, values: JsonRecord) => boolean;
  /** `always`: the destruction fails. `maybe`: it fails only under the condition that `why` names. */
  readonly fails: 'always' | 'maybe';
  /** Completes the sentence "aws_db_instance.main …". */
  readonly why: string;
}

/** Values with which providers switch a protection on. A missing argument is off, unless the plan shows a default. */
const isOn = (value: unknown): boolean => value === true || (typeof value === 'string' && ON.has(value));
const ON: ReadonlySet<string> = new Set(['ACTIVE', 'ENABLED', 'DELETE_PROTECTION_ENABLED', 'prevent-all-deletion']);
/** All kinds that are judged by this have the argument, which is false if nobody sets it. */
const isNotTrue = (value: unknown): boolean => value !== true;

const protectedBy = (attribute: string): Resistance => ({
  kinds: 'any',
  attribute,
  // With it, the provider takes the protection off by itself (`aws_dsql_cluster`).
  besides: ['force_destroy'],
  resists: (value, { force_destroy }) => isOn(value) && force_destroy !== true,
  fails: 'always',
  why: `has ${attribute} on, so it cannot be deleted; switch it off in ephemeral environments`,
});

const withoutFinalSnapshot = (kinds: readonly string[], name = 'final_snapshot_identifier'): Resistance => ({
  kinds,
  attribute: 'skip_final_snapshot',
  besides: [name],
  resists: (value, values) => isNotTrue(value) && isBlank(values[name]),
  fails: 'always',
  why: `has neither skip_final_snapshot = true nor ${name}, without which it cannot be deleted; set skip_final_snapshot = true in ephemeral environments`,
});

const snapshotLeft = (kinds: readonly string[], name = 'final_snapshot_identifier'): Resistance => ({
  kinds,
  attribute: 'skip_final_snapshot',
  besides: [name],
  resists: (value, values) => isNotTrue(value) && !isBlank(values[name]),
  fails: 'maybe',
  why: `leaves a final snapshot behind, and cannot be deleted if a snapshot with its ${name} is there already; set skip_final_snapshot = true in ephemeral environments`,
});

const notForced = (attribute: string, contents: string, kinds: readonly string[]): Resistance => ({
  kinds,
  attribute,
  resists: isNotTrue,
  fails: 'maybe',
  why: `does not have ${attribute} = true, so it cannot be deleted while it has ${contents}; set it in ephemeral environments`,
});

/** What keeps an object from being deleted without `force_destroy`, for the kinds of which it is known. */
const CONTENTS: readonly (readonly [contents: string, kinds: readonly string[]])[] = [
  ['objects', ['aws_s3_bucket', 'aws_s3_directory_bucket', 'google_storage_bucket']],
  ['tables', ['aws_s3tables_table_bucket', 'aws_athena_database']],
  ['records that this configuration does not manage', ['aws_route53_zone']],
  ['keys, certificates or devices that this configuration does not manage', ['aws_iam_user']],
  ['recovery points', ['aws_backup_vault']],
  ['queries or named queries', ['aws_athena_workgroup']],
  ['instances that this configuration does not manage', ['aws_service_discovery_service']],
  ['images', ['aws_ecrpublic_repository']],
  ['members that this configuration does not manage', ['aws_rds_global_cluster']],
];
/** Kinds whose `force_destroy` is only about a protection. */
const FORCED_OTHERWISE = ['aws_dsql_cluster', 'aws_instance'];

const DATABASES = [
  'aws_db_instance',
  'aws_rds_cluster',
  'aws_docdb_cluster',
  'aws_neptune_cluster',
  'aws_redshift_cluster',
];

/**
 * What keeps an object from being destroyed, as the documentation of the providers describes the arguments. The first
 * rows hold for every kind, because every provider that has these arguments uses them for the same thing.
 */
export const RESISTANCES: readonly Resistance[] = [
  protectedBy('deletion_protection'),
  protectedBy('deletion_protection_enabled'),
  protectedBy('enable_deletion_protection'),
  protectedBy('delete_protection'),
  protectedBy('delete_protection_state'),
  protectedBy('termination_protection'),
  protectedBy('termination_protection_enabled'),
  {
    kinds: 'any',
    attribute: 'deletion_policy',
    resists: (value) => value === 'PREVENT',
    fails: 'always',
    why: 'has deletion_policy = "PREVENT", so it cannot be deleted; set another policy in ephemeral environments',
  },
  {
    kinds: ['aws_instance'],
    attribute: 'disable_api_termination',
    besides: ['force_destroy'],
    // Providers without the argument `force_destroy` take this protection off by themselves.
    resists: (value, { force_destroy }) => value === true && force_destroy === false,
    fails: 'always',
    why: 'has disable_api_termination = true and not force_destroy = true, so it cannot be terminated; set force_destroy = true in ephemeral environments',
  },
  withoutFinalSnapshot(DATABASES),
  withoutFinalSnapshot(['aws_lightsail_database'], 'final_snapshot_name'),
  snapshotLeft(DATABASES),
  snapshotLeft(['aws_lightsail_database'], 'final_snapshot_name'),
  ...CONTENTS.map(([contents, kinds]) => notForced('force_destroy', contents, kinds)),
  {
    kinds: 'any',
    except: [...CONTENTS.flatMap(([, kinds]) => kinds), ...FORCED_OTHERWISE],
    attribute: 'force_destroy',
    resists: (value, values) => Object.hasOwn(values, 'force_destroy') && isNotTrue(value),
    fails: 'maybe',
    why: 'does not have force_destroy = true, so perhaps it cannot be deleted while something is in it; set it in ephemeral environments',
  },
  notForced('force_delete', 'images', ['aws_ecr_repository']),
  notForced('force_destroy', 'members that this configuration does not manage', ['aws_rds_global_cluster']),
  notForced('enforce_consumer_deletion', 'consumers', ['aws_kinesis_stream']),
];
