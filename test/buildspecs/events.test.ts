import { describe, expect, it } from '@jest/globals';
import { countProgress, describeEvent, parseEvent, toDiagnostic } from '../../buildspecs/program/engine/events.ts';

const event = (value: object) => parseEvent(JSON.stringify(value));
const hook = (addr: string, action: string, more = {}) => ({ resource: { addr }, action, ...more });
const events = (...values: object[]) => values.flatMap((value) => event(value) ?? []);

describe('events of the engine', () => {
  it.each([
    [{ type: 'planned_change', change: { resource: { addr: 'a.b' }, action: 'update' } }, 'a.b: plan to update'],
    [{ type: 'apply_start', hook: hook('a.b', 'create') }, 'a.b: creating'],
    [{ type: 'apply_progress', hook: hook('a.b', 'delete', { elapsed_seconds: 20 }) }, 'a.b: still destroying (20 s)'],
    [
      { type: 'apply_complete', hook: hook('a.b', 'update', { elapsed_seconds: 3, id_value: 'secret' }) },
      'a.b: updated (3 s)',
    ],
    [{ type: 'apply_errored', hook: hook('a.b', 'create') }, 'a.b: creating failed'],
    [
      { type: 'provision_start', hook: hook('a.b', '', { provisioner: 'local-exec' }) },
      'a.b: running provisioner local-exec',
    ],
    [
      { type: 'change_summary', changes: { add: 1, change: 2, remove: 3, operation: 'plan' } },
      'Plan: 1 to add, 2 to change, 3 to destroy',
    ],
    [
      { type: 'change_summary', changes: { add: 1, change: 2, remove: 3, operation: 'apply' } },
      'Done: 1 added, 2 changed, 3 destroyed',
    ],
    [{ type: 'version', terraform: '1.11.4' }, 'Terraform 1.11.4'],
    [{ type: 'version', tofu: '1.10.6' }, 'OpenTofu 1.10.6'],
  ])('are told by address and action: %j', (value, line) => {
    const parsed = event(value);
    expect(parsed && describeEvent(parsed)).toBe(line);
  });

  it.each([
    ['of a type that is new', '{"type":"ephemeral_op_start","hook":{"value":"secret"}}'],
    ['that tell outputs', '{"type":"outputs","outputs":{"password":{"value":"secret"}}}'],
    ['of provisioners that print', '{"type":"provision_progress","hook":{"output":"secret"}}'],
    ['that are no JSON', 'Error: secret'],
  ])('%s are not told', (_, line) => {
    expect(parseEvent(line)).toBeUndefined();
  });

  it('are counted by what they changed', () => {
    const seen = events(
      { type: 'apply_start', hook: hook('data.x', 'read') },
      { type: 'apply_complete', hook: hook('data.x', 'read') },
      { type: 'apply_start', hook: hook('a.b', 'create') },
      { type: 'apply_complete', hook: hook('a.b', 'create') },
      { type: 'apply_start', hook: hook('a.c', 'delete') },
    );
    expect(countProgress(seen)).toEqual({ started: 2, completed: 1 });
    const summary = events({
      type: 'change_summary',
      changes: { add: 1, change: 0, remove: 2, import: 1, operation: 'apply' },
    });
    expect(countProgress(summary)).toEqual({ started: 0, completed: 0, applied: 4 });
  });

  it('name files as the repository does, and carry neither source nor values', () => {
    const parsed = event({
      type: 'diagnostic',
      diagnostic: {
        severity: 'error',
        summary: 'Invalid value',
        detail: 'what is wrong',
        range: { filename: '../../../modules/web/main.tf', start: { line: 7 } },
        snippet: { code: 'secret', values: [{ statement: 'secret' }] },
      },
    });
    const diagnostic = parsed?.type === 'diagnostic' ? toDiagnostic(parsed.diagnostic, 'apps/shop/dev1') : undefined;
    expect(diagnostic).toEqual({
      severity: 'error',
      summary: 'Invalid value',
      detail: 'what is wrong',
      file: 'modules/web/main.tf',
      line: 7,
    });
  });
});
