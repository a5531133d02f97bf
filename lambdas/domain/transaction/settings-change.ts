import * as z from 'zod';
import { type JsonRecord, sameJson } from '../json-value.ts';

const ChangesSchema = z.record(z.string(), z.json());

/** Returns the differences between two states of settings, field by field, for the audit; empty if nothing differs. */
export function changedSettings(
  before: JsonRecord | undefined,
  after: JsonRecord,
  except: readonly string[] = [],
): z.infer<typeof ChangesSchema> {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]);
  const changed = [...names].filter((name) => !except.includes(name) && !sameJson(before?.[name], after[name]));
  const values = changed.sort().map((name) => [name, { from: before?.[name] ?? null, to: after[name] ?? null }]);
  return ChangesSchema.parse(JSON.parse(JSON.stringify(Object.fromEntries(values))));
}
