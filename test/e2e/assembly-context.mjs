/** The connection with which private config repositories are fetched. */
export const CONNECTION = 'arn:aws:codeconnections:eu-west-1:000000000000:connection/acme';

/** The context with which assemblies for end-to-end suites are synthesized: short waits, and limits that tests reach. */
export const CONTEXT = [
  'stagegate:executionsPath=/local/executions',
  'stagegate:leastGateExpirySeconds=1',
  'stagegate:firstReminderSeconds=1',
  'stagegate:leastTtlSeconds=1',
  'stagegate:firstDestroyPauseSeconds=1',
  'stagegate:mostEphemeralInAll=20',
  'stagegate:webhookGenerations=1,2',
  'stagegate:publicRequestRate=200',
  'stagegate:publicRequestBurst=400',
  'stagegate:linkRequestRate=1000',
  'stagegate:linkRequestBurst=1000',
  'stagegate:dnsPollSeconds=1',
  `stagegate:allowedConnectionArns=github=${CONNECTION}`,
  'stagegate:certificateWaitSeconds=300',
  'stagegate:dnsChangeWaitSeconds=120',
];

/** Returns the arguments of `scripts/synth.ts` for an assembly in `output`. */
export const synthesisArguments = (output) => [
  'scripts/synth.ts',
  '--local',
  '--output',
  output,
  ...CONTEXT.flatMap((pair) => ['--context', pair]),
];
