import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Inputs of other teams' repositories, each with its right answer in words. */
const CasesSchema = z.array(
  z.strictObject({
    name: z.string(),
    /** One commit after the other, in a repository that was empty: paths with their contents. */
    commits: z.array(z.record(z.string(), z.string())).default([]),
    steps: z.string().optional(),
    plan: z.string().optional(),
    right: z.string(),
  }),
);
type Case = z.infer<typeof CasesSchema>[number];

export const CASES: readonly Case[] = CasesSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8')),
);

export function caseNamed(name: string): Case {
  const found = CASES.find((each) => each.name === name);
  if (!found) throw new Error(`there is no case "${name}"`);
  return found;
}
