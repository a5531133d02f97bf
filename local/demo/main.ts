import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { synthesize } from '../synthesize.ts';
import { Client } from './client.ts';
import { ConfigRepository } from './config-repository.ts';
import type { DemoResult } from './demo-result.ts';
import { Progress } from './progress.ts';
import { exampleEngine } from './registration.ts';
import { Scenario } from './scenario.ts';

/**
 * `npm run demo [-- --json] [--verbose]`: one release travels dev1 -> stage1 -> prod1 on this machine; then the demo
 * ends by itself.
 */
enableCompileCache();
const options = readOptions();
const progress = new Progress((line) => console.error(line));
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function readOptions(): { json: boolean; verbose: boolean } {
  try {
    const { values } = parseArgs({
      options: { json: { type: 'boolean', default: false }, verbose: { type: 'boolean', default: false } },
    });
    return values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`stagegate: ${reason}\nusage: npm run demo -- [--json] [--verbose]`);
    return process.exit(2);
  }
}

async function demonstrate(work: string): Promise<DemoResult> {
  progress.heading('Synthesize the CDK app and start the local cloud from its template');
  // Loading the local cloud takes a while, so it happens while another process synthesizes.
  const [repository, assemblyDirectory, { startLocalCloud }] = await Promise.all([
    ConfigRepository.create(join(root, 'examples', 'config-repo'), join(work, 'config-repo')),
    // Ephemeral environments usually live for at least an hour, which is too long for a demo.
    synthesize(join(work, 'assembly'), { 'stagegate:leastTtlSeconds': 1 }),
    import('../local-cloud.ts'),
  ]);
  const engine = await exampleEngine(process.env.PATH ?? '');
  const cloud = await startLocalCloud({
    assemblyDirectory,
    port: 0,
    configRepository: repository.directory,
    ...(options.verbose && { log: (event) => progress.line(JSON.stringify(event)) }),
  });
  interrupt = () => void cloud.stop().finally(() => process.exit(130));
  progress.line(`Watch it: ${cloud.url}${cloud.board.startPath}`);
  progress.line(`API at ${cloud.url}, e-mails at ${cloud.url}/local/outbox`);
  void cloud.lambda.warm();
  try {
    const { nextWrite } = cloud;
    return await new Scenario({ client: new Client(cloud.url), repository, progress, engine, nextWrite }).run();
  } finally {
    await cloud.stop();
  }
}

/** Shortens a commit id to its first digits. */
const shorten = (version: string): string => (/^[0-9a-f]{40}$/.test(version) ? version.slice(0, 10) : version);

/** Returns the status of a deployment, and whether its release passed through. */
const inWords = ({ status, passedThrough }: { status: string; passedThrough: boolean }): string =>
  passedThrough ? `${status}, passed through` : status;

function showTables({ environments, ephemeral, deployments }: DemoResult): void {
  progress.heading('Environments');
  progress.table(
    environments.map(({ name, release, commit, moduleVersions, outputs, ...end }) => ({
      environment: name,
      release: String(release ?? ''),
      commit: commit?.slice(0, 10) ?? '',
      'module version': [...new Set(Object.values(moduleVersions))].map(shorten).join(', '),
      outputs: Object.entries(outputs)
        .filter(([, value]) => value !== '(sensitive)')
        .slice(0, 2)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(' '),
      status: inWords(end),
    })),
  );
  progress.heading('Ephemeral environments');
  progress.table(
    ephemeral.map(({ name, branch, commit, url, status, resources }) => ({
      environment: name,
      branch,
      commit: commit.slice(0, 10),
      url: String(url),
      status,
      'resources in its state': String(resources),
    })),
  );
  progress.heading('Deployments');
  progress.table(
    deployments.map(({ id, release, approvals, planDigest, monthlyCostDelta, blastRadius, ...end }) => ({
      deployment: id,
      release: String(release),
      status: inWords(end),
      approvals: approvals.map(({ gate, by }) => `${gate}: ${by}`).join(', '),
      'blast radius': blastRadius ?? '',
      'cost a month': monthlyCostDelta === null ? '' : `${monthlyCostDelta.toFixed(2)} USD`,
      'plan digest': planDigest?.slice(0, 12) ?? '',
    })),
  );
}

/** Handles Ctrl-C; a second Ctrl-C ends the process at once. */
let interrupt = (): void => process.exit(130);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    const end = interrupt;
    interrupt = () => process.exit(130);
    end();
  });

const work = await mkdtemp(join(tmpdir(), 'stagegate-demo-'));
// Removes the directory only at the exit, however the process ends: two removals at the same time can leave files
// behind without an error. When Ctrl-C ends the process, something may still be writing to the directory; hence the
// retries.
process.once('exit', () => rmSync(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
try {
  const result = await demonstrate(work);
  showTables(result);
  if (options.json) console.log(JSON.stringify(result));
} catch (error) {
  console.error(`\nThe demo did not finish: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
