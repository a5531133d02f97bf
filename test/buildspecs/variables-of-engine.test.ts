import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { EngineStep } from '../../buildspecs/program/engine/engine.ts';
import { variableArguments } from '../../buildspecs/program/engine/variable-arguments.ts';
import { PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { appliedOf, planFailureOf } from './build-runs.ts';
import { planFile } from './plan-files.ts';
import { DIRECTORY, event, ProgramRun, resolveBackend, savePlan } from './program-runs.ts';

/** What OpenTofu needs beside its plan, and what its plans do not show. */

const runs: ProgramRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) run.remove();
});

const VERSION = event({ type: 'version', tofu: '1.10.6' });
const ENCRYPTED = '{"meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}';
const ENCRYPTION = `terraform {
  encryption {
    key_provider "pbkdf2" "main" {
      passphrase = var.environment
    }
    method "aes_gcm" "main" {
      keys = key_provider.pbkdf2.main
    }
    state {
      method = method.aes_gcm.main
    }
  }
}
`;
const VARIABLES = JSON.stringify({ environment: { value: 'dev1', mode: 'when-declared' } });
const hasValues = ({ arguments: given }: EngineStep) => given.some((text) => text.startsWith('-var-file='));

/** OpenTofu, which refuses a command that lacks the values for variables. */
function beginWith(configuration: string, strict: readonly string[], plan: Buffer | string = planFile()) {
  const run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: `variable "environment" {}\n${configuration}` });
  runs.push(run);
  run.steps.init = ({ directory }) => {
    resolveBackend(directory);
    return { lines: [VERSION] };
  };
  run.steps.plan = savePlan(plan);
  for (const name of strict) {
    const perform = run.steps[name];
    run.steps[name] = (step) => {
      if (hasValues(step) && perform) return perform(step);
      return { exitCode: 1, errorOutput: 'Error: Variable not provided via -var, tfvars files, or env\n' };
    };
  }
  return run;
}
const asTofu = { STAGEGATE_ENGINE: 'tofu', STAGEGATE_VARIABLES: VARIABLES };

describe('OpenTofu gets the values for variables', () => {
  test('in init, plan and state pull of any directory', async () => {
    const run = beginWith('', ['init', 'plan', 'state']);
    expect(PlanSuccessSchema.parse((await run.plan(asTofu)).result).engine).toEqual({
      name: 'tofu',
      version: '1.10.6',
    });
    expect(appliedOf((await run.apply(asTofu)).result).applied).toBe('yes');
    const [init] = run.calls;
    const file = init?.arguments.find((text) => text.startsWith('-var-file='))?.slice('-var-file='.length);
    expect(file).toBe(join(run.base, 'variables.tfvars.json'));
  });

  test('in show and apply of a directory that configures encryption, before the plan', async () => {
    const run = beginWith(ENCRYPTION, ['init', 'plan', 'show', 'apply', 'state']);
    PlanSuccessSchema.parse((await run.plan(asTofu)).result);
    expect(appliedOf((await run.apply(asTofu)).result).applied).toBe('yes');
    const last = run.calls
      .filter(({ arguments: [name] }) => name === 'apply')
      .map(({ arguments: given }) => given.at(-1));
    expect(last).toEqual([join(run.base, 'plan.tfplan')]);
  });

  test('in no show and apply of another directory, where the plan has them', async () => {
    const run = beginWith('', ['init']);
    await run.plan(asTofu);
    await run.apply(asTofu);
    const having = run.calls.filter(hasValues).map(({ arguments: [name] }) => name);
    expect(having).toEqual(['init', 'plan', 'init', 'state']);
  });

  test('in validate, where somebody else holds the lock', async () => {
    const run = beginWith('', ['init', 'validate']);
    const locked = { severity: 'error', summary: 'Error acquiring the state lock', detail: 'Somebody.' };
    run.steps.plan = () => ({ exitCode: 1, lines: [event({ type: 'diagnostic', diagnostic: locked })] });
    expect(planFailureOf((await run.plan(asTofu)).result).message).toBe('Error acquiring the state lock: Somebody.');
  });

  test.each([
    ['tofu', '1.7.3', []],
    ['tofu', '1.8.0', ['validate', 'show', 'state pull']],
    ['tofu', '1.10.0', ['validate', 'show', 'state pull', 'apply']],
    ['tofu', '2.0.0', ['validate', 'show', 'state pull', 'apply']],
    ['terraform', '1.15.0', []],
  ] as const)('and the commands of %s %s that take them beside init and plan are %p', (name, version, commands) => {
    const engine = { name, version, run: () => Promise.reject(new Error('is not run')) };
    const taking = (['init', 'validate', 'show', 'state pull', 'apply'] as const).filter(
      (command) => variableArguments(engine, command, 'x').length > 0,
    );
    expect(taking).toEqual(['init', ...commands]);
  });
});

describe('the state for which a plan was made', () => {
  const stateOf = async (plan: Buffer | string) => {
    const run = beginWith('', [], plan);
    return PlanSuccessSchema.parse((await run.plan(asTofu)).result).state;
  };

  test.each([
    ['is null if there was none yet', planFile(), null],
    ['is said to be encrypted', ENCRYPTED, 'encrypted'],
    ['is said to be unreadable where the plan is damaged', planFile().subarray(0, 100), 'unreadable'],
    ['is said to be unreadable where the plan is another file', 'saved', 'unreadable'],
  ])('%s', async (_, plan, state) => {
    expect(await stateOf(plan)).toEqual(state);
  });
});
