import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

const ROOT = join(import.meta.dirname, '..', '..');
const SAVE_PLAN = join(ROOT, 'test', 'e2e', 'stand-in-engine', 'save-plan.mjs');

/** Hostile code, by when it runs: while the engine plans, before and after it has saved the plan. */
export interface HostileCode {
  readonly atPlan?: string;
  readonly whenPlanned?: string;
}

const TriesSchema = z.record(z.string(), z.string());

/**
 * Code for the directory of an environment, which runs as an external data source or a provider would: as the user of
 * the build, with access to all that is on the machine. It writes down what it tries and how each attempt ended.
 */
export class HostileRepository {
  readonly directory = mkdtempSync(join(tmpdir(), 'stagegate-hostile-'));

  /** Returns a file that the engine's stand-in runs. `tries` finds its attempts under `name`. */
  code(name: string, { atPlan = '', whenPlanned = '' }: HostileCode): string {
    return `import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const command = process.argv[2];
if (!['plan', 'planned'].includes(command)) process.exit();
const environmentOf = (pid) => Object.fromEntries(readFileSync('/proc/' + pid + '/environ', 'utf8').split('\\0').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
// The engine is the parent; above it is the build program, with the build's own variables.
const program = /^PPid:\\t(\\d+)$/m.exec(readFileSync('/proc/' + process.ppid + '/status', 'utf8'))[1];
const build = environmentOf(program);
const { STAGEGATE_ARTIFACT_BUCKET: bucket, STAGEGATE_RUN_PREFIX: prefix } = build;
const base = [build.STAGEGATE_WORK, build.STAGEGATE_APPLICATION, build.STAGEGATE_ENVIRONMENT].join('/');
const require = createRequire(${JSON.stringify(join(ROOT, 'package.json'))});
const { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');
/** The build's own role, which the container gives to everybody in it who asks. */
async function role() {
  const response = await fetch(build.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: build.AWS_CONTAINER_AUTHORIZATION_TOKEN } });
  const { AccessKeyId, SecretAccessKey, Token } = await response.json();
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}
const s3 = new S3Client({ credentials: await role(), region: build.AWS_REGION, endpoint: build.AWS_ENDPOINT_URL_S3, forcePathStyle: true, maxAttempts: 1 });
const tries = {};
const attempt = async (what, action) => {
  tries[what] = await action().then(() => 'done', (error) => error.name);
};
const put = (key, body, condition = { IfNoneMatch: '*' }) => s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...condition }));
const own = (name) => prefix + name;
const savePlan = (cwd, out, changes) => spawnSync('node', [${JSON.stringify(SAVE_PLAN)}, out, 'stand-in:' + changes, 'normal'], { cwd });
if (command === 'plan') {
${atPlan}
}
if (command === 'planned') {
${whenPlanned}
}
const notes = ${JSON.stringify(join(this.directory, name))};
const before = existsSync(notes) ? JSON.parse(readFileSync(notes, 'utf8')) : {};
writeFileSync(notes + '.draft', JSON.stringify({ ...before, ...tries }));
renameSync(notes + '.draft', notes);
`;
  }

  /** Returns what was tried, and how each attempt ended. */
  tries(name: string): Record<string, string> {
    const file = join(this.directory, name);
    return existsSync(file) ? TriesSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
