import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The connection with which private config repositories are fetched. */
const CONNECTION = 'arn:aws:codeconnections:eu-west-1:000000000000:connection/acme';

/** Synthesizes the app once for all end-to-end suites: they use this template and import no handler. */
export default function synthesizeOnce() {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const output = join(root, '.stagegate', 'e2e-assembly');
  const context = [
    'stagegate:executionsPath=/local/executions',
    'stagegate:leastGateExpirySeconds=1',
    'stagegate:firstReminderSeconds=1',
    'stagegate:leastTtlSeconds=1',
    'stagegate:firstDestroyPauseSeconds=1',
    'stagegate:mostEphemeralInAll=20',
    'stagegate:webhookGenerations=1,2',
    'stagegate:publicRequestRate=200',
    'stagegate:publicRequestBurst=400',
    'stagegate:dnsPollSeconds=1',
    `stagegate:allowedConnectionArns=github=${CONNECTION}`,
    'stagegate:certificateWaitSeconds=600',
    'stagegate:dnsChangeWaitSeconds=600',
  ];
  const args = ['scripts/synth.ts', '--local', '--output', output, ...context.flatMap((pair) => ['--context', pair])];
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  process.env.STAGEGATE_E2E_ASSEMBLY = output;
  process.env.STAGEGATE_E2E_CONNECTION = CONNECTION;
}
