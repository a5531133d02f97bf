import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { afterAll } from '@jest/globals';
import { oncePerRun, runDirectory } from './once-per-run.ts';

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach deep into CloudFormation's properties
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: string[];
}

export interface Template {
  readonly Resources: Record<string, Resource>;
  readonly Outputs: Record<string, { Value: unknown }>;
  readonly Parameters?: Record<string, Record<string, unknown>>;
  readonly Conditions?: Record<string, unknown>;
}

/** The longest wait for a synthesis; every synthesis is much shorter. */
const PATIENCE_MS = 300_000;

interface Synthesizer {
  readonly thread: Worker;
  readonly port: MessagePort;
}
let synthesizer: Synthesizer | undefined;
afterAll(async () => {
  synthesizer?.port.close();
  await synthesizer?.thread.terminate();
});

function startSynthesizer(): Synthesizer {
  const { port1, port2 } = new MessageChannel();
  const workerData = { port: port2, compiled: join(runDirectory(), 'compiled') };
  const thread = new Worker(join(import.meta.dirname, 'synthesizer.ts'), { workerData, transferList: [port2] });
  return { thread, port: port1 };
}

/**
 * Writes the app's cloud assembly in a thread, where the CDK loads much faster than inside of Jest. A suite whose
 * templates exist already does not load the CDK at all.
 */
function synthesizeTo(directory: string, configuration: Readonly<Record<string, unknown>>): void {
  synthesizer ??= startSynthesizer();
  const done = new Int32Array(new SharedArrayBuffer(4));
  synthesizer.port.postMessage({ directory, configuration, done });
  Atomics.wait(done, 0, 0, PATIENCE_MS);
  const answer = receiveMessageOnPort(synthesizer.port)?.message;
  if (!answer || answer.failure) throw new Error(`synthesizing: ${answer?.failure ?? 'the thread does not answer'}`);
}

/** Returns the directory of the cloud assembly, which is made once per run and configuration. */
export const assemblyOf = (configuration: Readonly<Record<string, unknown>> = {}): string =>
  oncePerRun('assemblies', configuration, synthesizeTo);

const ENDING = '.template.json';

const templatesIn = (assembly: string): Record<string, Template> =>
  Object.fromEntries(
    readdirSync(assembly)
      .filter((name) => name.endsWith(ENDING))
      .map((name) => [name.slice(0, -ENDING.length), JSON.parse(readFileSync(join(assembly, name), 'utf8'))]),
  );

/** Returns all templates by stack name. */
export const synthesize = (configuration: Readonly<Record<string, unknown>> = {}): Record<string, Template> =>
  templatesIn(assemblyOf(configuration));

/** Synthesizes again, even if this run has the templates already. Returns all templates by stack name. */
export function synthesizeAnew(): Record<string, Template> {
  const directory = mkdtempSync(join(runDirectory(), 'anew-'));
  synthesizeTo(directory, {});
  return templatesIn(directory);
}

export function stagegate(configuration: Readonly<Record<string, unknown>> = {}): Template {
  const { Stagegate: template } = synthesize(configuration);
  if (!template) throw new Error('the assembly has no stack Stagegate');
  return template;
}

export function ofType(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

export function only(template: Template, type: string): Resource {
  const found = ofType(template, type);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources of type ${type}, not one`);
  return found[0][1];
}

/** Returns the text of a value, with intrinsic functions as `<LogicalId>`, `<LogicalId.Arn>`, `<AWS::Region>`. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
  if (value && typeof value === 'object') {
    if ('Ref' in value) return `<${value.Ref}>`;
    if ('Fn::GetAtt' in value) return `<${(value['Fn::GetAtt'] as string[]).join('.')}>`;
    if ('Fn::Sub' in value) return flat(value['Fn::Sub']);
    if ('Fn::Join' in value) {
      const [delimiter, parts] = value['Fn::Join'] as [string, unknown];
      // The items of a list parameter are only known when the stack is deployed.
      return Array.isArray(parts) ? parts.map(flat).join(delimiter) : flat(parts);
    }
    if ('Fn::If' in value) {
      const [condition, yes, no] = value['Fn::If'] as [string, unknown, unknown];
      return `<${condition}?${flat(yes)}:${flat(no)}>`;
    }
  }
  return JSON.stringify(value);
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

export const asList = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
