import * as z from 'zod';
import { Refused } from '../errors.ts';
import { DeploymentIdSchema, EmailSchema, InstantSchema } from '../names.ts';
import { GateNameSchema } from '../policy.ts';

export const ReminderSchema = z.enum(['first', 'last']);
export type Reminder = z.infer<typeof ReminderSchema>;

/** Mails to one approver about one plan at a gate: which link is valid, and which reminders were sent. */
export const LinkStateSchema = z.object({
  deploymentId: DeploymentIdSchema,
  gate: GateNameSchema,
  /** Round of the plan that the links are about. */
  round: z.int().min(1),
  email: EmailSchema,
  /** Number of the valid link. The link of the first mail is 1, and each new link makes the one before invalid. */
  sequence: z.int().min(1),
  /**
   * False while it is not known whether the mail with that link was sent. When a link is requested again, this one is
   * sent.
   */
  isSent: z.boolean(),
  /** Whether the first mail is known to be sent. It is noted only when the task that sends it fails, and is repeated. */
  isAsked: z.boolean().optional(),
  /** Reminders. Each is recorded before its mail is sent, so that two scheduled runs do not send the same one. */
  reminders: z.array(z.object({ kind: ReminderSchema, at: InstantSchema })),
});
export type LinkState = z.infer<typeof LinkStateSchema>;
export type LinkKey = Pick<LinkState, 'deploymentId' | 'gate' | 'round' | 'email'>;

/** Returns the state when only the first mail was sent. The workflow sends that mail without a record of its own. */
export const firstLink = ({ deploymentId, gate, round, email }: LinkKey): LinkState => ({
  deploymentId,
  gate,
  round,
  email,
  sequence: 1,
  isSent: true,
  reminders: [],
});

/** Returns whether a newer mail has replaced the link with this number. */
export const isReplaced = (state: LinkState | undefined, sequence: number): boolean =>
  sequence !== (state?.sequence ?? 1);

export const objectionToLink = (state: LinkState | undefined, sequence: number): Refused | undefined =>
  isReplaced(state, sequence)
    ? new Refused('link-replaced', 'a newer e-mail has taken the place of the one with this link')
    : undefined;
