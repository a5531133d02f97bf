import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { ConflictError, FINAL_ERRORS } from '../../lambdas/domain/errors.ts';
import { type Kind, RECORDS } from '../../lambdas/domain/model/table/records.ts';
import { RUN_RETENTION } from '../../lib/constructs/data-store.ts';
import { readDeployedAssemblies } from '../../local/assembly/deployed-assemblies.ts';
import { CONNECTION, withFunctionNames } from '../harness/deployment-definition.ts';
import { ofType, stagegate, type Template } from '../harness/synthesized.ts';
import { schemasOf } from '../harness/workflow-functions.ts';
import { answerFieldsOf } from './answer-fields.ts';
import { contractOf } from './definition-contract.ts';
import {
  allReleases,
  answersOf,
  assemblyOfRelease,
  DAYS_KEPT,
  definitionOf,
  keptDirectories,
  keptReleases,
  neededReleases,
  type Release,
  recordsOf,
  templateOf,
} from './kept-releases.ts';
import { factsOf } from './template-facts.ts';

/**
 * Executions of every release that may still run keep the definition with which they were started. What it calls, reads
 * and is allowed must be there in this version.
 */

/** Something that an older release had and this version has not, although executions of that release may still run. */
interface Removal {
  /** The fact, as the failing test prints it. */
  readonly fact: string;
  readonly removedOn: string;
  /** Why no execution of a kept release misses it. */
  readonly why: string;
}
const REMOVALS: readonly Removal[] = ['reconcile', 'send-reminders', 'sweep', 'sweep-subscriptions'].flatMap((name) =>
  ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'].map((action) => ({
    fact: `role of stagegate-${name} may ${action} on *`,
    removedOn: '2026-11-30',
    why: 'no execution calls the function, and it only loses traces if it is traced for the moment of an update',
  })),
);

/**
 * Answers for which an older definition has no rule. A function gives such an answer only to a definition that says in
 * its payload that it knows it.
 */
interface AskedFor {
  readonly functionName: string;
  readonly answer: string;
  /** The field of the payload in which a definition says that it knows the answer. */
  readonly payloadField: string;
}
const ASKED_FOR: readonly AskedFor[] = [
  { functionName: 'stagegate-consume-plan', answer: 'banned', payloadField: 'canWait' },
  { functionName: 'stagegate-consume-plan', answer: 'unchecked', payloadField: 'canWait' },
  { functionName: 'stagegate-inspect-failed-apply', answer: 'running', payloadField: 'error' },
  { functionName: 'stagegate-inspect-failed-apply', answer: 'succeeded', payloadField: 'error' },
  { functionName: 'stagegate-inspect-failed-apply', answer: 'not-begun', payloadField: 'error' },
];
const isAskedFor = (functionName: string, answer: string, payloads: readonly object[]): boolean =>
  ASKED_FOR.some(
    (each) =>
      each.functionName === functionName &&
      each.answer === answer &&
      payloads.every((payload) => !(each.payloadField in payload)),
  );

const CodeSchema = z.object({ Code: z.object({ S3Key: z.string() }) });

const template = stagegate({ allowedConnectionArns: [`github=${CONNECTION}`] });
const facts = factsOf(template);

describe.each(keptReleases())('release $name', (release) => {
  const { calls, projects, errors } = contractOf(definitionOf(release));

  test('calls functions that there are, which take its payloads', () => {
    expect(calls.length).toBeGreaterThan(20);
    const problems = calls.flatMap(({ state, functionName, payloads }) => {
      const schemas = schemasOf(functionName);
      if (!schemas) return [`${state} calls ${functionName}`];
      return payloads.flatMap((payload) => {
        const { error } = schemas.payload.safeParse(payload);
        return error ? [`${state}: ${z.prettifyError(error)}`] : [];
      });
    });
    expect(problems).toEqual([]);
  });

  test('finds the fields that it reads in the answers', () => {
    const missing = calls.flatMap(({ state, functionName, fields }) => {
      const answered = answerFieldsOf(functionName);
      // Two functions share a variable: each has to answer with the fields that the other one does not have.
      const others = calls.filter((other) => other.functionName !== functionName);
      const isElsewhere = (field: string) =>
        others.some((other) => other.fields.includes(field) && field in answerFieldsOf(other.functionName));
      return fields.filter((field) => !(field in answered) && !isElsewhere(field)).map((field) => `${state}: ${field}`);
    });
    expect(missing).toEqual([]);
  });

  test('is given no answer unasked that it did not have', () => {
    const kept = answersOf(release);
    expect(calls.filter(({ compared }) => compared.length > 0).length).toBeGreaterThan(8);
    const unknown = calls.flatMap(({ functionName, compared, payloads }) =>
      compared.flatMap((field) =>
        (answerFieldsOf(functionName)[field] ?? [])
          .filter((text) => !kept[functionName]?.[field]?.includes(text))
          .filter((text) => !isAskedFor(functionName, text, payloads))
          .map((text) => `${functionName}: ${field} ${text}`),
      ),
    );
    expect(unknown).toEqual([]);
  });

  test('names build projects that there are', () => {
    const named = ofType(template, 'AWS::CodeBuild::Project').map(([, { Properties }]) => Properties.Name);
    expect(projects.length).toBeGreaterThan(3);
    expect(projects.filter((project) => !named.includes(project))).toEqual([]);
  });

  test('catches and retries errors that there are', () => {
    const names: readonly string[] = [...FINAL_ERRORS, new ConflictError('').name];
    expect(errors).not.toEqual([]);
    expect(errors.filter((error) => !names.includes(error))).toEqual([]);
  });

  test('keeps its names, grants and routes', () => {
    const old = factsOf(templateOf(release) as Template);
    expect(old.size).toBeGreaterThan(300);
    const removed = REMOVALS.map(({ fact }) => fact);
    expect([...old].filter((fact) => !facts.has(fact) && !removed.includes(fact)).sort()).toEqual([]);
  });

  test('is kept with the code of its functions', () => {
    const directory = assemblyOfRelease(release);
    try {
      const { stack, findAsset } = readDeployedAssemblies(directory, '000000000000', 'eu-west-1');
      const code = Object.values(stack('Stagegate').template.Resources)
        .filter(({ Type }) => Type === 'AWS::Lambda::Function')
        .map(({ Properties }) => CodeSchema.parse(Properties).Code.S3Key);
      const bucket = 'cdk-hnb659fds-assets-000000000000-eu-west-1';
      expect(code.map((key) => existsSync(join(findAsset({ bucket, key }).path, 'index.mjs')))).toEqual(
        code.map(() => true),
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('stored records that can be read under their keys', () => {
    const problems = Object.entries(recordsOf(release)).flatMap(([kind, { pk, sk, data }]) => {
      if (!(kind in RECORDS)) return [`there are no records of the kind ${kind}`];
      const { schema, key } = RECORDS[kind as Kind];
      const { data: parsed, error } = z.safeParse(schema as z.ZodType, JSON.parse(data.S));
      if (error) return [`${kind}: ${z.prettifyError(error)}`];
      const place = (key as (identity: unknown) => unknown)(parsed);
      return JSON.stringify(place) === JSON.stringify({ pk: pk.S, sk: sk.S })
        ? []
        : [`${kind}: ${JSON.stringify(place)}`];
    });
    expect(problems).toEqual([]);
  });
});

describe('the next release', () => {
  test('can be kept: each payload of its definition has examples, which its functions take', () => {
    const { calls } = contractOf(withFunctionNames(template));
    expect(calls.length).toBeGreaterThan(20);
    const refused = calls.filter(({ functionName, payloads }) =>
      payloads.some((payload) => !schemasOf(functionName)?.payload.safeParse(payload).success),
    );
    expect(refused).toEqual([]);
  });
});

describe('what is removed early', () => {
  test('is missed by a kept release: other entries are deleted', () => {
    const old = new Set(keptReleases().flatMap((release) => [...factsOf(templateOf(release) as Template)]));
    expect(REMOVALS.filter(({ fact }) => !old.has(fact) || facts.has(fact))).toEqual([]);
  });

  test('is found', () => {
    const [release] = keptReleases();
    if (!release) throw new Error('no release is kept');
    const old = templateOf(release) as Template;
    const { Resources } = old;
    const [gone = ''] = ofType(old, 'AWS::Lambda::Permission').map(([id]) => id);
    const { [gone]: _, ...rest } = Resources;
    const without = factsOf({ ...old, Resources: rest });
    expect([...factsOf(old)].filter((fact) => !without.has(fact))).toHaveLength(1);
  });
});

describe('the list of releases', () => {
  const day = 86_400_000;
  const made = (name: string, madeOn: string): Release => ({ name, madeOn, commit: '0'.repeat(40) });

  test('names those that are kept, and nothing that is needed is missing', () => {
    const needed = neededReleases(allReleases(), new Date()).map(({ name }) => name);
    expect(keptDirectories()).toEqual(expect.arrayContaining(needed));
    expect(allReleases().map(({ name }) => name)).toEqual(expect.arrayContaining(keptDirectories()));
  });

  test('has every version of the changelog', () => {
    const changelog = readFileSync(join(import.meta.dirname, '..', '..', 'CHANGELOG.md'), 'utf8');
    const versions = [...changelog.matchAll(/^## \[?(\d+\.\d+\.\d+)\]?/gm)].map(([, version]) => version);
    expect(allReleases().map(({ name }) => name)).toEqual(expect.arrayContaining(versions));
  });

  test('keeps a release for as long as its executions may wait after the next one was made', () => {
    const releases = [made('1.0.0', '2026-01-01'), made('1.1.0', '2026-02-01'), made('1.2.0', '2026-03-01')];
    const on = (days: number) =>
      neededReleases(releases, new Date(Date.parse('2026-02-01') + days * day)).map(({ name }) => name);
    expect(on(DAYS_KEPT)).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    expect(on(DAYS_KEPT + 1)).toEqual(['1.1.0', '1.2.0']);
    expect(on(1000)).toEqual(['1.2.0']);
  });

  test('keeps it for as long as the runs of builds are kept', () => {
    expect(DAYS_KEPT).toBe(RUN_RETENTION.toDays());
  });
});
