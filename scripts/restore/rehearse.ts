/** `npm run rehearse:restore [-- --json] [--verbose]` */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { ConfigRepository } from '../../local/demo/config-repository.ts';
import { Progress } from '../../local/demo/progress.ts';
import { startLocalCloud } from '../../local/local-cloud.ts';
import { findInstalledEngines } from '../../local/services/codebuild/installed-engines.ts';
import { synthesize } from '../../local/synthesize.ts';
import { commandLine, parseOptions } from '../command-line.ts';
import { RESTORED_TABLE, Rehearsal, type RehearsalResult } from './rehearsal.ts';

const USAGE = `usage: npm run rehearse:restore -- [--json] [--verbose]

Loses the table of records on this machine and restores it to an earlier moment, with a plan applied since. Shows that
the plan is not applied again, and that releases go on. Needs no AWS account.

Exit code 0: it went as described in docs/restoring.md; 1: it did not; 2: wrong arguments.
`;

/** The ban is looked at again after seconds and not minutes. */
const WAITS_DIVIDED_BY = 200;

const OptionsSchema = z.object({ json: z.boolean().default(false), verbose: z.boolean().default(false) });

async function rehearse(work: string, progress: Progress, isVerbose: boolean): Promise<RehearsalResult> {
  progress.heading('Synthesize the CDK app three times: as it is, with the restored table, and without the ban');
  const restored = { 'stagegate:tableName': RESTORED_TABLE };
  const [assemblyDirectory, banned, allowed] = await Promise.all([
    synthesize(join(work, 'own')),
    synthesize(join(work, 'banned'), { ...restored, 'stagegate:applies': 'banned' }),
    synthesize(join(work, 'allowed'), restored),
  ]);
  const example = join(import.meta.dirname, '..', '..', 'examples', 'config-repo');
  const repository = await ConfigRepository.create(example, join(work, 'config-repo'));
  const engines = await findInstalledEngines(process.env.PATH ?? '');
  const cloud = await startLocalCloud({
    assemblyDirectory,
    port: 0,
    configRepository: repository.directory,
    waitsDividedBy: WAITS_DIVIDED_BY,
    ...(isVerbose && { log: (event) => progress.line(JSON.stringify(event)) }),
  });
  try {
    const engine = engines.some(({ name }) => name === 'terraform') ? 'terraform' : 'opentofu';
    return await new Rehearsal({ cloud, repository, progress, engine, banned, allowed }).run();
  } finally {
    await cloud.stop();
  }
}

/** Returns whether everything went as the runbook says: nothing was applied that was not approved since. */
const isAsDescribed = ({ appliedSince, checks, applies, last }: RehearsalResult): boolean =>
  appliedSince.status === 'failed' &&
  appliedSince.applied === 'yes' &&
  checks.join() === '1,0,0' &&
  applies.banned === applies.before &&
  // The release that waited was applied once in each of the two environments.
  applies.after === applies.before + 2 &&
  last.dev1 === 'succeeded' &&
  last.stage1 === 'succeeded';

const { args, print, complain } = commandLine();
const progress = new Progress((line) => complain(`${line}\n`));
try {
  const options = parseOptions(OptionsSchema, args, { json: { type: 'boolean' }, verbose: { type: 'boolean' } });
  const work = await mkdtemp(join(tmpdir(), 'stagegate-restore-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  const result = await rehearse(work, progress, options.verbose);
  if (options.json) print(`${JSON.stringify(result, null, 2)}\n`);
  const isGood = isAsDescribed(result);
  progress.heading(isGood ? 'Nothing was applied twice.' : `This is not as described: ${JSON.stringify(result)}`);
  process.exit(isGood ? 0 : 1);
} catch (error) {
  const isUsage = error instanceof Error && error.name === 'UsageError';
  complain(`rehearse:restore: ${error instanceof Error ? error.message : String(error)}\n${isUsage ? USAGE : ''}`);
  process.exit(isUsage ? 2 : 1);
}
