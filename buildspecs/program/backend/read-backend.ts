import { basename } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { HclBlock } from '../configuration/hcl.ts';
import type { Configuration } from '../configuration/read-configuration.ts';
import { overrideFileName } from './complete-backend.ts';
import type { DeclaredBackend } from './declared-backend.ts';
import { refuseSettings } from './refused-settings.ts';

/** Returns the blocks within the directory's `terraform` blocks. */
function blocksInTerraform({ name, files }: Configuration): { file: string; block: HclBlock }[] {
  if (files.length === 0)
    throw new PhaseError('backend', `the directory "${name}" has no Terraform configuration (*.tf)`);
  return files.flatMap(({ file, blocks, errorLine }) => {
    if (basename(file) === overrideFileName)
      throw new PhaseError('backend', `${file}: this name is taken by the file that Stagegate adds`);
    if (errorLine !== undefined)
      throw new PhaseError('backend', `${file}:${errorLine}: not valid Terraform configuration`, {
        reason: 'unparsable',
      });
    return blocks
      .filter(({ type }) => type === 'terraform')
      .flatMap((terraform) => terraform.blocks.map((block) => ({ file, block })));
  });
}

/**
 * Returns the backend that the directory's own configuration declares. Refuses `cloud` blocks, backends of other types
 * than `s3` and `local`, and arguments that builds cannot honour; the error names file and line.
 */
export function readBackend(configuration: Configuration, lockTable: string): DeclaredBackend | undefined {
  const nested = blocksInTerraform(configuration);
  const cloud = nested.find(({ block }) => block.type === 'cloud');
  if (cloud) {
    throw new PhaseError(
      'backend',
      `${cloud.file}:${cloud.block.line}: a "cloud" block keeps the state outside of this account; use backend "s3" or none`,
    );
  }
  const backends = nested
    .filter(({ block }) => block.type === 'backend')
    .map(({ file, block }) => ({
      type: block.labels[0] ?? '',
      file,
      line: block.line,
      attributes: [
        ...block.attributes,
        ...block.blocks.map(({ type, line }) => ({ name: type, line, literal: undefined, expression: '{}' })),
      ],
    }));
  for (const backend of backends) {
    if (backend.type !== 's3' && backend.type !== 'local') {
      throw new PhaseError(
        'backend',
        `${backend.file}:${backend.line}: backend "${backend.type}" is not supported; use backend "s3" or none`,
      );
    }
    refuseSettings(backend.file, backend.attributes, lockTable);
  }
  // A backend block in an override file replaces the one before it.
  return backends.at(-1);
}
