import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { FUNCTIONS } from '../../lambdas/functions.ts';
import { makeApp } from '../../lib/stagegate-app.ts';
import type { Bundles } from '../../lib/stagegate-stack.ts';

const root = join(import.meta.dirname, '..', '..');

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

/** Feature flags as the CLI passes them. */
const CDK_CONTEXT: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')).context;

/** Bundles that only look like it: the stack's shape does not depend on what is in them. */
export function makeStandIns(): Bundles & { remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-stand-ins-'));
  const functionsDirectory = join(directory, 'functions');
  for (const name of Object.keys(FUNCTIONS)) {
    mkdirSync(join(functionsDirectory, name), { recursive: true });
    writeFileSync(join(functionsDirectory, name, 'index.mjs'), `export const handler = async () => '${name}';\n`);
  }
  const buildspecsDirectory = join(directory, 'buildspecs');
  mkdirSync(buildspecsDirectory);
  for (const file of readdirSync(join(root, 'buildspecs')).filter((name) => name.endsWith('.yml')))
    cpSync(join(root, 'buildspecs', file), join(buildspecsDirectory, file));
  return {
    functionsDirectory,
    buildspecsDirectory,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The app over stand-ins, with the given `stagegate:` configuration, ready to be given plugins or synthesized. */
export function appWith(configuration: Record<string, unknown> = {}, bundles: Bundles = standIns): App {
  const ours = Object.entries(configuration).map(([key, value]) => [`stagegate:${key}`, value]);
  const outdir = mkdtempSync(join(bundles.functionsDirectory, '..', 'cdk.out-'));
  return makeApp(bundles, { context: { ...CDK_CONTEXT, ...Object.fromEntries(ours) }, outdir });
}

/** An app with nothing in it, for constructs on their own. */
export const emptyApp = (): App =>
  new App({ outdir: mkdtempSync(join(standIns.functionsDirectory, '..', 'cdk.out-')) });

/** All templates by stack name. */
export function synthesize(configuration: Record<string, unknown> = {}): Record<string, Template> {
  process.env.CDK_VALIDATION = 'false';
  const assembly = appWith(configuration).synth();
  return Object.fromEntries(assembly.stacks.map((stack) => [stack.stackName, stack.template]));
}

export function stagegate(configuration: Record<string, unknown> = {}): Template {
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

/** Text of a value with its intrinsic functions: `<LogicalId>`, `<LogicalId.Arn>`, `<AWS::Region>`. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
  if (value && typeof value === 'object') {
    if ('Ref' in value) return `<${value.Ref}>`;
    if ('Fn::GetAtt' in value) return `<${(value['Fn::GetAtt'] as string[]).join('.')}>`;
    if ('Fn::Sub' in value) return flat(value['Fn::Sub']);
    if ('Fn::Join' in value) {
      const [delimiter, parts] = value['Fn::Join'] as [string, unknown[]];
      return parts.map(flat).join(delimiter);
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

const standIns = makeStandIns();
afterAll(standIns.remove);
