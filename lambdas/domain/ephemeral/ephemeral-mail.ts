import { ephemeralPath } from '../links.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';

export interface Letter {
  readonly subject: string;
  readonly body: string;
}

/** Longest subject in characters; SNS refuses longer ones. */
const LONGEST_SUBJECT = 99;

const inWords = (seconds: number): string => {
  if (seconds < 3600) return `${Math.round(seconds / 60)} minutes`;
  const hours = Math.round(seconds / 3600);
  return hours === 1 ? '1 hour' : `${hours} hours`;
};

const facts = ({
  application,
  name,
  basedOn,
  branch,
  commit,
  createdBy,
  expiresAt,
}: EphemeralEnvironment): string[] => [
  `  Application   ${application}`,
  `  Environment   ${name} (ephemeral, based on ${basedOn})`,
  ...(branch === undefined ? [] : [`  Branch        ${branch}`]),
  ...(commit === undefined ? [] : [`  Commit        ${commit.slice(0, 12)}`]),
  `  Made by       ${createdBy.approver ?? createdBy.principal}`,
  `  Ends          ${expiresAt}`,
];

/** Writes the mail that an environment ends soon, and how to keep it. */
export function warningMail(environment: EphemeralEnvironment, seconds: number): Letter {
  const { application, name } = environment;
  return {
    subject: `${application} ${name} will be destroyed within ${inWords(seconds)}`.slice(0, LONGEST_SUBJECT),
    body: [
      `The ephemeral environment ${name} of ${application} will be destroyed with everything in it within ${inWords(seconds)}.`,
      '',
      ...facts(environment),
      '',
      'Anyone who may deploy can extend it:',
      `  PATCH ${ephemeralPath(application, name)} { "ttlHours": 24 }`,
    ].join('\n'),
  };
}

/** Writes the mail that an environment could not be destroyed, with the reason and how to try again. */
export function stuckMail(environment: EphemeralEnvironment, why: string): Letter {
  const { application, name } = environment;
  return {
    subject: `${application} ${name} could not be destroyed`.slice(0, LONGEST_SUBJECT),
    body: [
      `The ephemeral environment ${name} of ${application} could not be destroyed. Stagegate does not try again by itself.`,
      '',
      ...facts(environment),
      '',
      `The last attempt: ${why}`,
      '',
      'When the cause is fixed, try again with:',
      `  DELETE ${ephemeralPath(application, name)}`,
    ].join('\n'),
  };
}
