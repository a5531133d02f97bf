import { join, normalize } from 'node:path';
import * as z from 'zod';
import type { Diagnostic } from '../build/failure.ts';

const ResourceSchema = z.object({ addr: z.string() });
const HookSchema = z.object({
  resource: ResourceSchema,
  action: z.string().default(''),
  elapsed_seconds: z.number().default(0),
  provisioner: z.string().default(''),
});
const ChangesSchema = z.object({
  add: z.number().default(0),
  change: z.number().default(0),
  import: z.number().default(0),
  remove: z.number().default(0),
  forget: z.number().default(0),
  operation: z.string(),
});
const DiagnosticEventSchema = z.object({
  severity: z.enum(['error', 'warning']),
  summary: z.string(),
  detail: z.string().default(''),
  address: z.string().optional(),
  range: z.object({ filename: z.string(), start: z.object({ line: z.number() }) }).optional(),
});

/** What the engine prints with `-json`. Events of other types are ignored, because every version adds new ones. */
const EventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('version'), terraform: z.string().optional(), tofu: z.string().optional() }),
  z.object({ type: z.literal('init_output'), '@message': z.string() }),
  z.object({ type: z.literal('log'), '@message': z.string() }),
  z.object({ type: z.literal('planned_change'), change: z.object({ resource: ResourceSchema, action: z.string() }) }),
  z.object({ type: z.literal('apply_start'), hook: HookSchema }),
  z.object({ type: z.literal('apply_progress'), hook: HookSchema }),
  z.object({ type: z.literal('apply_complete'), hook: HookSchema }),
  z.object({ type: z.literal('apply_errored'), hook: HookSchema }),
  z.object({ type: z.literal('provision_start'), hook: HookSchema }),
  z.object({ type: z.literal('provision_errored'), hook: HookSchema }),
  z.object({ type: z.literal('change_summary'), changes: ChangesSchema }),
  z.object({ type: z.literal('diagnostic'), diagnostic: DiagnosticEventSchema }),
]);
export type EngineEvent = z.infer<typeof EventSchema>;
type DiagnosticEvent = z.infer<typeof DiagnosticEventSchema>;

const ValidationSchema = z.object({ diagnostics: z.array(DiagnosticEventSchema) });

/** Parses one line of `-json` output. Returns undefined for text that is not an event that we know. */
export function parseEvent(line: string): EngineEvent | undefined {
  try {
    return EventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/**
 * Returns the findings in the one document that `validate -json` prints, maybe after warnings about the CLI
 * configuration. Returns none for text that is not such a document.
 */
export function parseValidation(text: string): readonly DiagnosticEvent[] {
  try {
    return ValidationSchema.parse(JSON.parse(text.slice(text.indexOf('{')))).diagnostics;
  } catch {
    return [];
  }
}

/** Returns what helps a person, without source text and values. Files have their paths in the repository. */
export function toDiagnostic(event: DiagnosticEvent, directory: string): Diagnostic {
  return {
    severity: event.severity,
    summary: event.summary,
    ...(event.detail === '' ? {} : { detail: event.detail }),
    ...(event.address === undefined ? {} : { address: event.address }),
    ...(event.range ? { file: normalize(join(directory, event.range.filename)), line: event.range.start.line } : {}),
  };
}

const words: Readonly<Record<string, readonly [string, string]>> = {
  create: ['creating', 'created'],
  update: ['updating', 'updated'],
  delete: ['destroying', 'destroyed'],
  replace: ['replacing', 'replaced'],
  read: ['reading', 'read'],
  open: ['opening', 'opened'],
  close: ['closing', 'closed'],
};

/** Returns an event's line for the build log, with address and action but no value, or undefined if it has none. */
export function describeEvent(event: EngineEvent): string | undefined {
  switch (event.type) {
    case 'version':
      return event.tofu === undefined ? `Terraform ${event.terraform}` : `OpenTofu ${event.tofu}`;
    case 'init_output':
    case 'log':
      return event['@message'];
    case 'planned_change':
      return `${event.change.resource.addr}: plan to ${event.change.action}`;
    case 'apply_start':
      return `${event.hook.resource.addr}: ${words[event.hook.action]?.[0] ?? event.hook.action}`;
    case 'apply_progress':
      return `${event.hook.resource.addr}: still ${words[event.hook.action]?.[0] ?? event.hook.action} (${event.hook.elapsed_seconds} s)`;
    case 'apply_complete':
      return `${event.hook.resource.addr}: ${words[event.hook.action]?.[1] ?? event.hook.action} (${event.hook.elapsed_seconds} s)`;
    case 'apply_errored':
      return `${event.hook.resource.addr}: ${words[event.hook.action]?.[0] ?? event.hook.action} failed`;
    case 'provision_start':
      return `${event.hook.resource.addr}: running provisioner ${event.hook.provisioner}`;
    case 'provision_errored':
      return `${event.hook.resource.addr}: provisioner ${event.hook.provisioner} failed`;
    case 'change_summary': {
      const { add, change, remove, operation } = event.changes;
      return operation === 'plan'
        ? `Plan: ${add} to add, ${change} to change, ${remove} to destroy`
        : `Done: ${add} added, ${change} changed, ${remove} destroyed`;
    }
    case 'diagnostic':
      // Printed at the end, when the values to remove from it are known.
      return undefined;
  }
}

/** How far an apply got. */
export interface Progress {
  readonly started: number;
  readonly completed: number;
  /** Number of changes in the engine's own summary; undefined if the apply did not get that far. */
  readonly applied?: number;
}

const isChange = (action: string) => !['read', 'open', 'close', 'renew', 'noop'].includes(action);

/** Counts what an apply did, event by event. */
export function countProgress(events: Iterable<EngineEvent>): Progress {
  let started = 0;
  let completed = 0;
  let applied: number | undefined;
  for (const event of events) {
    if (event.type === 'apply_start' && isChange(event.hook.action)) started++;
    if (event.type === 'apply_complete' && isChange(event.hook.action)) completed++;
    if (event.type === 'change_summary' && event.changes.operation !== 'plan') {
      const { add, change, remove, import: imported, forget } = event.changes;
      applied = add + change + remove + imported + forget;
    }
  }
  return { started, completed, ...(applied === undefined ? {} : { applied }) };
}
