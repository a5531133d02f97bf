import { eventsOfDns, MOST_EVENTS_OF_DNS } from './workflow/history.ts';

/**
 * The most connections and secrets. Each has two projects with role, policy and log group, and a stack has at most 500
 * resources.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export const MOST_SOURCES = 20;

/**
 * The most characters of a list that stands in one variable of a function or one policy. All variables of a function
 * have 4 KB, all inline policies of a role have 10,240 characters.
 * Sources: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MOST_LISTED_CHARACTERS = 2_500;
const LISTED_IN_ONE_PLACE = [
  'pinnedSessionRoleArns',
  'allowedPlanRoleArns',
  'allowedApplyRoleArns',
  'allowedStateRoleArns',
  'allowedDnsRoleArns',
  'allowedCodeCommitArns',
  'headHosts',
] as const;

type Limited = Readonly<Record<(typeof LISTED_IN_ONE_PLACE)[number], readonly string[]>> &
  Parameters<typeof eventsOfDns>[0] & {
    readonly allowedConnectionArns: readonly unknown[];
    readonly allowedSecretArns: readonly unknown[];
  };

interface Exceeded {
  readonly key: keyof Limited;
  readonly message: string;
}

/** Returns the settings that would exceed a limit of AWS when the stack is deployed or used. */
export function exceededLimits(config: Limited): Exceeded[] {
  const credentials = config.allowedConnectionArns.length + config.allowedSecretArns.length;
  const events = eventsOfDns(config);
  return [
    ...(credentials > MOST_SOURCES
      ? [
          {
            key: 'allowedConnectionArns' as const,
            message: `with secrets, ${credentials} credentials; one stack has room for ${MOST_SOURCES}, because each has projects, roles and logs of its own`,
          },
        ]
      : []),
    ...LISTED_IN_ONE_PLACE.map((key) => ({ key, length: config[key].join(',').length }))
      .filter(({ length }) => length > MOST_LISTED_CHARACTERS)
      .map(({ key, length }) => ({
        key,
        message: `at most ${MOST_LISTED_CHARACTERS} characters in all, and these have ${length}; use fewer`,
      })),
    ...(events > MOST_EVENTS_OF_DNS
      ? [
          {
            key: 'certificateWaitSeconds' as const,
            message: `with a look every ${config.dnsPollSeconds} seconds, the waits of DNS may make ${events} events in the history of an execution, and at most ${MOST_EVENTS_OF_DNS} fit beside the rest; raise dnsPollSeconds, or lower this or dnsChangeWaitSeconds (${config.dnsChangeWaitSeconds})`,
          },
        ]
      : []),
  ];
}
