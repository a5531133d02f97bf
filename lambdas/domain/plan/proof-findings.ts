import * as z from 'zod';
import { ProofModeSchema } from '../policy.ts';

/** Something that a plan brings and that has not run in the environment before. */
export const UnprovenSchema = z.object({
  kind: z.enum(['module', 'engine', 'provider']),
  /** What a lift has to name; null for a module whose identity is not known, which no lift can cover. */
  subject: z.string().nullable(),
  calls: z.array(z.string()),
  /** One sentence that names what is known. */
  text: z.string(),
  /** Whether staff has lifted the proof of exactly this for one use. */
  isLifted: z.boolean(),
  /** Why staff has lifted it. */
  reason: z.string().optional(),
});
export type Unproven = z.infer<typeof UnprovenSchema>;

/** Whether what a plan brings has run in the environment before (the second half of rule 1). */
export const ProofFindingsSchema = z.object({
  /** The environment before. */
  previous: z.string(),
  /** `inform`: what is unproven is told to the approvers. `block`: it ends the deployment. */
  mode: ProofModeSchema,
  /** Number of modules in use by identity, and how many of them are proven. */
  of: z.int().min(0),
  proven: z.int().min(0),
  /** The engine with its minor version, such as `terraform 1.11`. Absent where it was not judged. */
  engine: z.string().optional(),
  unproven: z.array(UnprovenSchema),
  /** Calls that are not proven, and whose source is exempt. */
  exempt: z.array(z.object({ call: z.string(), source: z.string() })),
  /** What limits the proof, one sentence each. */
  notes: z.array(z.string()),
});
export type ProofFindings = z.infer<typeof ProofFindingsSchema>;

const Count = z.int().min(0);

/** One thing that is not proven, with what a lift of it has to name. */
const ToldSchema = z.object({
  subject: z.string().nullable(),
  /** A call of the module; absent for engines and providers. */
  call: z.string().optional(),
  text: z.string(),
  /** Why staff has lifted it. */
  reason: z.string().optional(),
});

/** What a mail and a list say about the proof. The lists may be cut; the counts are complete. */
export const ProofHeadlineSchema = ProofFindingsSchema.pick({
  previous: true,
  mode: true,
  of: true,
  proven: true,
  engine: true,
  notes: true,
}).extend({
  /** What is not proven, and not lifted. */
  unproven: z.array(ToldSchema),
  unprovenCount: Count,
  /** What is not proven, and lifted for one use. */
  lifted: z.array(ToldSchema),
  liftedCount: Count,
  /** Calls whose source is exempt, and that are not proven. */
  exempt: z.array(z.string()),
  exemptCount: Count,
});
export type ProofHeadline = z.infer<typeof ProofHeadlineSchema>;

/** Ways to cut texts and lists to the size of a headline. */
interface Cuts {
  readonly text: (value: string) => string;
  readonly list: <Item, Kept>(items: readonly Item[], keep: (item: Item) => Kept) => Kept[];
}

export function proofHeadlineOf(findings: ProofFindings, { text, list }: Cuts): ProofHeadline {
  const { previous, mode, of, proven, engine, notes, exempt } = findings;
  // A version is a part of the source that a configuration names, and may contain line breaks.
  const line = (value: string) => text(value.replaceAll(/[\s\p{Cc}]+/gu, ' '));
  const told = (isLifted: boolean) => findings.unproven.filter((each) => each.isLifted === isLifted);
  const [open, lifted] = [told(false), told(true)];
  const named = ({ subject, calls: [call], text: sentence, reason }: Unproven) => ({
    subject,
    ...(call !== undefined && { call: line(call) }),
    text: line(sentence),
    ...(reason !== undefined && { reason: line(reason) }),
  });
  return {
    previous,
    mode,
    of,
    proven,
    ...(engine !== undefined && { engine }),
    notes: list(notes, line),
    unproven: list(open, named),
    unprovenCount: open.length,
    lifted: list(lifted, named),
    liftedCount: lifted.length,
    exempt: list(exempt, ({ call }) => line(call)),
    exemptCount: exempt.length,
  };
}
