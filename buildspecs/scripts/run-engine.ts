/**
 * Runs one step of the engine: `node run-engine.mjs <phase> <argument>…`, in the directory to plan or apply. Reads the
 * engine's `-json` output, prints address and action of what happens, and records why a step failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { type Diagnostic, describeDiagnostic, findCause, recordFailure } from './build/failure.ts';
import { readVariables, workPaths } from './build/variables.ts';
import {
  countProgress,
  describeEvent,
  type EngineEvent,
  parseEvent,
  parseValidation,
  toDiagnostic,
} from './engine/events.ts';
import { secretsOfPlan } from './engine/plan-secrets.ts';
import { redact } from './engine/redact.ts';

const variables = readVariables();
const paths = workPaths(variables);
const [phase = '', ...engineArguments] = process.argv.slice(2);
const binary = process.env.STAGEGATE_ENGINE_BINARY ?? variables.STAGEGATE_ENGINE;

interface Run {
  readonly exitCode: number;
  readonly events: readonly EngineEvent[];
  readonly output: string;
  readonly errorOutput: string;
  readonly wasStopped: boolean;
}

/**
 * The engine has a process group of its own and gets exactly one interrupt, however many signals the build receives: it
 * then ends what it is doing, saves the state and unlocks it. A second one would make it give up at once.
 */
async function runEngine(): Promise<Run> {
  const child = spawn(binary, engineArguments, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let wasStopped = false;
  const interrupt = () => {
    if (!wasStopped) child.kill('SIGINT');
    wasStopped = true;
  };
  process.on('SIGTERM', interrupt);
  process.on('SIGINT', interrupt);

  const events: EngineEvent[] = [];
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (phase === 'validate') lines.push(line);
    const event = parseEvent(line);
    if (!event) return;
    events.push(event);
    // An apply begins by telling its plan again, and every step tells its version.
    const isRepeated =
      (event.type === 'planned_change' && phase === 'apply') || (event.type === 'version' && phase !== 'init');
    const text = isRepeated ? undefined : describeEvent(event);
    if (text !== undefined) console.log(text);
  });
  const errorOutput: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errorOutput.push(chunk));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    // An engine that is stopped kills the shell of a provisioner and not what that has started.
    child.on('exit', () => killGroup(child.pid));
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  return {
    exitCode,
    events,
    output: lines.join('\n'),
    errorOutput: Buffer.concat(errorOutput).toString('utf8'),
    wasStopped,
  };
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function readDiagnostics(run: Run): Diagnostic[] {
  if (phase === 'validate') {
    try {
      return parseValidation(run.output).map((event) => toDiagnostic(event, variables.STAGEGATE_DIRECTORY));
    } catch {
      return [];
    }
  }
  return run.events.flatMap((event) =>
    event.type === 'diagnostic' ? [toDiagnostic(event.diagnostic, variables.STAGEGATE_DIRECTORY)] : [],
  );
}

/** Values to keep out of messages: those the directory's files name, and after planning those the plan marks. */
function readSecrets(): string[] {
  const known = existsSync(paths.secrets)
    ? z.array(z.string()).parse(JSON.parse(readFileSync(paths.secrets, 'utf8')))
    : [];
  if (phase !== 'apply') return known;
  const shown = spawnSync(binary, ['show', '-json', paths.plan], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return shown.status === 0 ? [...known, ...secretsOfPlan(JSON.parse(shown.stdout))] : known;
}

function redactDiagnostic(diagnostic: Diagnostic, secrets: readonly string[]): Diagnostic {
  return {
    ...diagnostic,
    summary: redact(diagnostic.summary, secrets),
    ...(diagnostic.detail === undefined ? {} : { detail: redact(diagnostic.detail, secrets) }),
  };
}

/** The `Error: …` line of output that is no JSON: wrong arguments, a broken CLI configuration. */
const firstErrorLine = (text: string) =>
  text
    .split('\n')
    .map((line) => line.replace(/^[│╷╵\s]+/, '').trim())
    .find((line) => line.startsWith('Error: '))
    ?.slice('Error: '.length);

const isStale = ({ summary }: Diagnostic) =>
  summary === 'Saved plan is stale' || summary === 'Saved plan does not match the given state';

/** Where the engine keeps the name of the selected workspace. */
const WORKSPACE_FILE = '.terraform/environment';

const ResolvedBackendSchema = z.object({
  backend: z.object({
    type: z.string(),
    config: z.object({ bucket: z.string().nullish(), key: z.string().nullish(), region: z.string().nullish() }),
  }),
});

/** After `init` the resolved backend is the only truth: whatever the files said, the state must be in S3. */
function recordBackend(): string | undefined {
  const file = '.terraform/terraform.tfstate';
  const found = existsSync(file) ? ResolvedBackendSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  if (!found?.success) return 'after init no backend is configured; the state would be lost with the build';
  const { type, config } = found.data.backend;
  if (type !== 's3') return `after init the backend is "${type}", not "s3"`;
  const { bucket, key, region } = config;
  if (!bucket || !key) return 'after init the s3 backend has no bucket or no key';
  const { STAGEGATE_STATE_KEY: wanted, STAGEGATE_STATE_KEY_RULE: rule } = variables;
  if (rule === 'fixed' && key !== wanted) return `after init the state is at the key ${key}, not at ${wanted}`;
  const workspace = existsSync(WORKSPACE_FILE) ? readFileSync(WORKSPACE_FILE, 'utf8').trim() : 'default';
  // In another workspace the state is not at the key that is reported, and claimed.
  if (workspace !== 'default') return `after init the workspace is "${workspace}", not "default"`;
  writeFileSync(paths.backend, JSON.stringify({ type, bucket, key, region: region || variables.STAGEGATE_REGION }));
  return undefined;
}

const EngineSchema = z.object({ name: z.string(), version: z.string() });

/** The version event of `init`, or what the engine says when asked: not every version tells it by itself. */
function readEngine(events: readonly EngineEvent[]): z.infer<typeof EngineSchema> {
  const told = events.find((event) => event.type === 'version');
  if (told?.tofu !== undefined) return { name: 'tofu', version: told.tofu };
  if (told?.terraform !== undefined) return { name: 'terraform', version: told.terraform };
  const { stdout } = spawnSync(binary, ['version', '-json'], { encoding: 'utf8' });
  const { terraform_version: version } = z.object({ terraform_version: z.string() }).parse(JSON.parse(stdout));
  return { name: basename(binary).startsWith('tofu') ? 'tofu' : 'terraform', version };
}

/** The plan records its engine; an apply finds that record in its bundle and must be the very same version. */
function recordEngine(events: readonly EngineEvent[]): string | undefined {
  const { name, version } = readEngine(events);
  if (!existsSync(paths.engine)) {
    writeFileSync(paths.engine, JSON.stringify({ name, version }));
    return undefined;
  }
  const planned = EngineSchema.parse(JSON.parse(readFileSync(paths.engine, 'utf8')));
  if (planned.name === name && planned.version === version) return undefined;
  return `the plan was made by ${planned.name} ${planned.version}, this is ${name} ${version}`;
}

function refuse(failurePhase: string, message: string, reason: string): never {
  console.log(`Error: ${message}`);
  recordFailure(paths.failure, { phase: failurePhase, message, reason, diagnostics: [] });
  process.exit(1);
}

const run = await runEngine();
const isDone = run.exitCode === 0 || (phase === 'plan' && run.exitCode === 2);
if (phase === 'apply') {
  writeFileSync(paths.events, JSON.stringify({ ...countProgress(run.events), wasStopped: run.wasStopped }));
}
const diagnostics = readDiagnostics(run);
if (diagnostics.length > 0 || !isDone) {
  const secrets = readSecrets();
  const shown = diagnostics.map((diagnostic) => redactDiagnostic(diagnostic, secrets));
  for (const diagnostic of shown) {
    console.log(`${diagnostic.severity === 'error' ? 'Error' : 'Warning'}: ${describeDiagnostic(diagnostic)}`);
  }
  if (!isDone) {
    const cause = findCause(shown);
    const unstructured = firstErrorLine(run.errorOutput);
    const fallback = `${variables.STAGEGATE_ENGINE} ${phase} ended with exit code ${run.exitCode}`;
    const message = cause ? describeDiagnostic(cause) : unstructured ? redact(unstructured, secrets) : fallback;
    if (!cause) console.log(`Error: ${message}`);
    const reason = diagnostics.some(isStale) ? 'plan-stale' : run.wasStopped ? 'stopped' : undefined;
    recordFailure(paths.failure, { phase, message, diagnostics: shown, ...(reason ? { reason } : {}) });
  }
}
if (isDone && phase === 'init') {
  const wrongEngine = recordEngine(run.events);
  if (wrongEngine !== undefined) refuse('init', wrongEngine, 'engine-mismatch');
  const wrongBackend = recordBackend();
  if (wrongBackend !== undefined) refuse('backend', wrongBackend, 'backend');
}
process.exit(run.exitCode);
