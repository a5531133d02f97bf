import * as z from 'zod';
import { Refused } from '../errors.ts';
import { DeploymentIdSchema, EmailSchema, InstantSchema } from '../names.ts';
import { GateNameSchema } from '../policy.ts';

export const ReminderSchema = z.enum(['first', 'last']);
export type Reminder = z.infer<typeof ReminderSchema>;

/** What was mailed to one approver about one plan at a gate: which of the links counts, and what they were reminded of. */
export const LinkStateSchema = z.object({
  deploymentId: DeploymentIdSchema,
  gate: GateNameSchema,
  /** Of the plan the links are about. */
  round: z.int().min(1),
  email: EmailSchema,
  /** Number of the link that counts: 1 is that of the first mail, and each new link voids the one before. */
  sequence: z.int().min(1),
  /** False while nobody knows whether the mail with that link went out: asked for again, it is this one that goes. */
  isSent: z.boolean(),
  /** Written before the mail goes out, so that no two runs of the clock send the same. */
  reminders: z.array(z.object({ kind: ReminderSchema, at: InstantSchema })),
});
export type LinkState = z.infer<typeof LinkStateSchema>;
export type LinkKey = Pick<LinkState, 'deploymentId' | 'gate' | 'round' | 'email'>;

/** Nothing but the first mail was sent yet; the workflow does that without a record of its own. */
export const firstLink = ({ deploymentId, gate, round, email }: LinkKey): LinkState => ({
  deploymentId,
  gate,
  round,
  email,
  sequence: 1,
  isSent: true,
  reminders: [],
});

/** Has a newer mail taken the place of the link with this number? */
export const isReplaced = (state: LinkState | undefined, sequence: number): boolean =>
  sequence !== (state?.sequence ?? 1);

export const objectionToLink = (state: LinkState | undefined, sequence: number): Refused | undefined =>
  isReplaced(state, sequence)
    ? new Refused('link-replaced', 'a newer e-mail has taken the place of the one with this link')
    : undefined;
