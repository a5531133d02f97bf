export interface ChoiceRow {
  readonly comment: string;
  /**
   * The variable with the function's answer that the choice is about. When no rule matches the answer, the execution
   * continues with a failure that shows it.
   */
  readonly answer?: string;
}

/** The states that choose the next state, in the order in which they run. Their rules are in `wiring.ts`. */
export const CHOICES = {
  'NeedsCertificate?': { comment: 'Does the environment have DNS, and is it to stay?' },
  'IsCertificateReady?': { comment: 'Is it issued, or still on its way?', answer: '$dns' },
  'WhatNext?': { comment: 'What the plan asks for', answer: '$analysis' },
  'IsPlanCurrent?': { comment: 'May the approved plan be applied?', answer: '$check' },
  'IsPlanConsumed?': { comment: 'May this plan be applied?', answer: '$consumption' },
  'WasPlanStale?': { comment: 'Was nothing applied because the state had changed?' },
  'NeedsDns?': { comment: 'Does the environment have DNS, or had it?' },
  'IsDnsPublished?': { comment: 'Does everybody see the records as they are to be?', answer: '$dns' },
  'HowDidItEnd?': { comment: 'The ending that stands in the record' },
} as const satisfies Record<string, ChoiceRow>;
export type ChoiceName = keyof typeof CHOICES;

/** The choices of each gate. */
export const GATE_CHOICES = {
  isReachable: { comment: 'Is there anybody who can be asked?', answer: '$gate' },
  isApproved: { comment: 'How was the gate decided?', answer: '$gate' },
} as const satisfies Record<string, ChoiceRow>;
