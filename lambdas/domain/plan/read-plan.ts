import type * as z from 'zod';
import { DomainError } from '../errors.ts';
import { isRecord, type JsonRecord, listOf, recordOf } from '../json-value.ts';
import { INSIDE_A_STRING, offsetOfJsonError } from './json-error.ts';
import { type Plan, PlanSchema, unknownKeysIn } from './plan-schema.ts';

/** Largest plan in bytes. Larger plans are refused, because parsing one takes about eight times its size in memory. */
export const MOST_PLAN_BYTES = 50 * 1024 * 1024;

/** Major version of the JSON format that Stagegate understands. */
const FORMAT_MAJOR = '1';

/**
 * Thrown for a document that is not a plan that Stagegate can read. The message never quotes values of the document.
 */
export class UnreadablePlanError extends DomainError {
  override readonly name = 'UnreadablePlanError';
}

export interface ReadPlan {
  readonly plan: Plan;
  /** Parts of the document that Stagegate does not understand, one sentence each. */
  readonly notices: readonly string[];
}

/**
 * Reads the JSON of a plan from text, bytes or an already parsed document. Refuses any other document and names what it
 * is.
 */
export function readPlan(input: unknown): ReadPlan {
  const document = isText(input) ? parseText(input) : input;
  if (!isRecord(document))
    throw new UnreadablePlanError(`reading plan: expected a JSON object, got ${shapeOf(document)}`);
  refuseOtherDocuments(document);
  const parsed = PlanSchema.safeParse(document);
  if (!parsed.success) throw new UnreadablePlanError(`reading plan: ${describeIssues(parsed.error.issues, document)}`);
  return { plan: parsed.data, notices: noticesOn(document) };
}

const isText = (input: unknown): input is string | Uint8Array =>
  typeof input === 'string' || input instanceof Uint8Array;

function parseText(input: string | Uint8Array): unknown {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (bytes > MOST_PLAN_BYTES)
    throw new UnreadablePlanError(`reading plan: ${bytes} bytes are more than the limit of ${MOST_PLAN_BYTES} (50 MB)`);
  const text = (typeof input === 'string' ? input : new TextDecoder().decode(input)).replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new UnreadablePlanError('reading plan: the document is empty');
  if (text.startsWith('PK\u0003\u0004'))
    throw new UnreadablePlanError(
      'reading plan: this is a saved plan file; give the output of "terraform show -json" of it',
    );
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UnreadablePlanError(`reading plan: ${describeSyntaxError(text)}`);
  }
}

/** Finds numbers that may have more digits than a double holds; such numbers must stay distinguishable. */
const LONG_NUMBER = /[[:,]\s*-?\d[\d.]{15}/;

function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (...[, value, context]: unknown[]) => {
    const source = typeof value === 'number' ? recordOf(context).source : undefined;
    return typeof source === 'string' && /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? source : value;
  });
}

function describeSyntaxError(text: string): string {
  if (/^\s*\{"@level"/.test(text))
    return 'this is the event stream of "terraform plan -json"; give the output of "terraform show -json PLAN"';
  const offset = offsetOfJsonError(text);
  if (offset === INSIDE_A_STRING)
    return 'not JSON: a text in it holds an escape or a control character that JSON does not allow';
  if (offset >= text.length)
    return `the JSON ends in the middle, after ${text.length} characters; the document is truncated`;
  const lines = text.slice(0, offset).split('\n');
  return `not JSON: unexpected text at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function refuseOtherDocuments(document: JsonRecord): void {
  const refuse = (what: string): never => {
    throw new UnreadablePlanError(`reading plan: ${what}`);
  };
  if ('lineage' in document && 'serial' in document)
    refuse('this is a Terraform state file, not a plan; give the output of "terraform show -json PLAN"');
  const version = document.format_version;
  if (typeof version !== 'string')
    refuse(`format_version: expected a text like "1.2", got ${shapeOf(version)}; this is no plan`);
  if (String(version).split('.')[0] !== FORMAT_MAJOR)
    refuse(`format_version ${String(version).slice(0, 20)} is not supported, only ${FORMAT_MAJOR}.x is`);
  const isPlan = ['planned_values', 'resource_changes', 'configuration', 'output_changes'].some(
    (key) => key in document,
  );
  if (isPlan) return;
  if ('values' in document) refuse('this is "terraform show -json" of a state, not of a plan');
  if ('provider_schemas' in document) refuse('this is "terraform providers schema -json", not a plan');
  refuse('the document has neither planned_values, resource_changes, output_changes nor configuration; it is no plan');
}

const MOST_ISSUES = 3;

function describeIssues(issues: readonly z.core.$ZodIssue[], document: JsonRecord): string {
  const texts = issues.slice(0, MOST_ISSUES).map((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
    return `${path.replace(/^\./, '')}: ${issue.message.replace(/, received .*$/, '')}, got ${shapeOf(valueAt(document, issue.path))}`;
  });
  const more = issues.length - texts.length;
  return texts.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

const valueAt = (document: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) => (typeof step === 'number' ? listOf(value)[step] : recordOf(value)[String(step)]),
    document,
  );

/** Describes the shape of a value without its contents, because values of a plan may be secret. */
function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  if (!isRecord(value)) return `a ${typeof value}`;
  const keys = Object.keys(value);
  return keys.length === 0
    ? 'an empty object'
    : `an object with ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`;
}

function noticesOn(document: JsonRecord): string[] {
  const counts = new Map<string, number>();
  const count = (level: Parameters<typeof unknownKeysIn>[0], record: unknown) => {
    if (!isRecord(record)) return;
    for (const key of unknownKeysIn(level, record)) {
      const label = `${level} key "${key}"`;
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  };
  count('plan', document);
  for (const entry of [...listOf(document.resource_changes), ...listOf(document.resource_drift)]) {
    count('resource', entry);
    count('change', recordOf(entry).change);
  }
  return [...counts].map(([label, times]) => `unknown ${label} was ignored${times > 1 ? ` (${times} times)` : ''}`);
}
