import { expect, test } from '@jest/globals';
import { loadAssembly } from '../../../local/assembly/cloud-assembly.ts';
import { installationOf } from '../../../local/targets/installation.ts';
import { assemblyOf } from '../../harness/synthesized.ts';

test.each(['stagegate', 'other'])(
  'the local cloud finds the stacks of installation %s, and knows its name',
  (installation) => {
    const assembly = loadAssembly(assemblyOf(installation === 'stagegate' ? {} : { installation }));
    expect(installationOf(assembly)).toBe(installation);
    for (const id of ['StagegateTargetAccount', 'StagegateStateBucket'])
      expect(assembly.stack(id).template).toBeDefined();
  },
);
