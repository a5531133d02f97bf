import {
  isBlank,
  isRecord,
  type JsonRecord,
  marksAnything,
  maskAt,
  numberOf,
  recordOf,
  textOf,
} from '../../json-value.ts';
import { type ResourceChange, valuesAfter, valuesBefore } from '../resource-change.ts';
import type { ExposureContext, Finding, JudgedKind } from './finding.ts';
import { NETWORK_KINDS } from './network.ts';
import { PERMISSION_KINDS } from './permissions.ts';
import { BLOCK_FLAGS, PUBLIC_ACCESS_KINDS } from './public-access.ts';

const TABLES = [NETWORK_KINDS, PUBLIC_ACCESS_KINDS, PERMISSION_KINDS] as const;

const kindsFor = (type: string): JudgedKind[] =>
  TABLES.flatMap((table) => {
    const kind = Object.hasOwn(table, type) ? table[type] : undefined;
    return kind ? [kind] : [];
  });

/** Returns what one change opens that was not open before. `configured` has the expressions of the block. */
export function exposuresOf(change: ResourceChange, configured: JsonRecord, context: ExposureContext): Finding[] {
  if (change.deposed !== undefined || change.mode !== 'managed' || change.kind === 'no-op') return [];
  const after = valuesAfter(change);
  if (!after) return [];
  const before = valuesBefore(change);
  const planned = withConstants(after, change.unknown, configured);
  return kindsFor(change.type).flatMap(({ judge }) => {
    const known = new Set(before ? judge(before, context).map(({ key }) => key) : []);
    return judge(planned, context).filter(({ key }) => !known.has(key));
  });
}

/**
 * Fills in constants from the configuration. One unknown element makes a whole set unknown, but the other elements can
 * still be judged as they are configured.
 */
function withConstants(after: JsonRecord, unknown: unknown, configured: JsonRecord): JsonRecord {
  const hidden = Object.keys(recordOf(unknown)).filter(
    (key) => marksAnything(maskAt(unknown, key)) && isBlank(after[key]),
  );
  return { ...after, ...Object.fromEntries(hidden.map((key) => [key, constantsIn(configured[key])])) };
}

function constantsIn(expression: unknown): unknown {
  if (Array.isArray(expression)) return expression.map(constantsIn);
  if (!isRecord(expression)) return undefined;
  if ('constant_value' in expression) return expression.constant_value;
  return 'references' in expression
    ? undefined
    : Object.fromEntries(Object.entries(expression).map(([key, value]) => [key, constantsIn(value)]));
}

/**
 * Returns the attributes that decide about an exposure, are set by the configuration and are known only after the
 * apply.
 */
export function unjudgedIn(change: ResourceChange, configured: JsonRecord): string[] {
  if (change.kind !== 'create' && change.kind !== 'update' && change.kind !== 'replace') return [];
  const paths = new Set(kindsFor(change.type).flatMap(({ reads }) => reads));
  const unjudged = [...paths]
    .map((path) => path.split('.'))
    .filter(([top = '', field]) => {
      if (!marksAnything(maskAt(change.unknown, top))) return false;
      const blocks =
        field === undefined ? [configured[top]] : [configured[top]].flat().map((block) => recordOf(block)[field]);
      return blocks.some((expression) => !isBlank(recordOf(expression).references));
    });
  return [...new Set(unjudged.map(([top = '']) => top))];
}

/**
 * Returns a finding for each removed public access block. Removing the block of a bucket that stays opens the bucket to
 * public ACLs and policies.
 */
export function removedBlocks(changes: readonly ResourceChange[]): (Finding & { address: string })[] {
  const deletedBuckets = new Set(
    changes
      .filter(({ type, kind }) => type === 'aws_s3_bucket' && kind === 'delete')
      .flatMap(({ before }) => [textOf(recordOf(before).id), textOf(recordOf(before).bucket)]),
  );
  return changes.flatMap((change) => {
    const isBlock =
      change.type === 'aws_s3_bucket_public_access_block' || change.type === 'aws_s3_account_public_access_block';
    if (!isBlock || change.kind !== 'delete' || change.deposed !== undefined) return [];
    const { bucket, ...flags } = recordOf(change.before);
    if (deletedBuckets.has(textOf(bucket)) && bucket !== undefined) return [];
    if (!BLOCK_FLAGS.some((flag) => flags[flag] === true)) return [];
    const what =
      change.type === 'aws_s3_account_public_access_block' ? 'the account' : `bucket ${textOf(bucket) ?? ''}`.trim();
    return [
      {
        address: change.address,
        key: 'removed',
        severity: 'high' as const,
        why: `takes the public access block off ${what}`,
      },
    ];
  });
}

/**
 * Returns how a change weakens a resource's own safety nets: the ways to undo the change or to recover the resource.
 */
export function weakenedIn(change: ResourceChange): string[] {
  if (change.kind !== 'update') return [];
  const [was, is] = [recordOf(change.before), recordOf(change.after)];
  const turnedOff = (name: string) => was[name] === true && is[name] === false;
  const turnedOn = (name: string) => was[name] === false && is[name] === true;
  const retention = [numberOf(was.backup_retention_period), numberOf(is.backup_retention_period)];
  return [
    ...(turnedOff('deletion_protection') || turnedOff('deletion_protection_enabled')
      ? ['turns its deletion protection off']
      : []),
    ...(turnedOn('skip_final_snapshot') ? ['will keep no final snapshot when deleted'] : []),
    ...(turnedOn('force_destroy') ? ['may from now on be deleted with everything in it (force_destroy)'] : []),
    ...(turnedOff('storage_encrypted') || turnedOff('encrypted') ? ['turns its encryption off'] : []),
    ...(retention[0] !== undefined && retention[1] !== undefined && retention[1] < retention[0]
      ? [`keeps backups for ${retention[1]} instead of ${retention[0]} days`]
      : []),
  ];
}
