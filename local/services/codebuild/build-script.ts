import type { Buildspec, PhaseName } from './buildspec.ts';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A message of the build's shell on file descriptor 3; each is one line. */
export type Report =
  | { readonly kind: 'phase'; readonly phase: PhaseName }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'failed'; readonly exitCode: number }
  | { readonly kind: 'export'; readonly name: string; readonly value: string }
  | { readonly kind: 'end' };

/** Parses one line of the report; returns undefined for any other line. */
export function parseReport(line: string): Report | undefined {
  const [kind, first = '', second = ''] = line.split(' ');
  const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8');
  if (
    kind === 'phase' &&
    (first === 'install' || first === 'pre_build' || first === 'build' || first === 'post_build')
  ) {
    return { kind, phase: first };
  }
  if (kind === 'command') return { kind, command: decode(first) };
  if (kind === 'failed') return { kind, exitCode: Number(first) };
  if (kind === 'export') return { kind, name: first, value: decode(second) };
  return kind === 'end' ? { kind } : undefined;
}

const phaseNames = ['install', 'pre_build', 'build', 'post_build'] as const;

function renderCommands(commands: readonly string[], outcome: string): string[] {
  return commands.flatMap((command) => [
    `if [ "$${outcome}" -eq 0 ]; then`,
    `echo command ${Buffer.from(command).toString('base64')} >&3`,
    `eval ${quote(command)} 3>&-`,
    `${outcome}=$?`,
    `if [ "$${outcome}" -ne 0 ]; then echo failed "$${outcome}" >&3; fi`,
    'fi',
  ]);
}

/**
 * Renders a buildspec as one bash script: all phases run in one shell, as in AWS. A phase ends at its first failing
 * command; its `finally` commands run in any case. A failed install or pre_build ends the build, a failed build still
 * runs post_build; `on-failure` changes both rules.
 */
export function renderBuildScript(buildspec: Buildspec): string {
  const lines = ['codebuild_ended=0', 'export CODEBUILD_BUILD_SUCCEEDING=1'];
  for (const name of phaseNames) {
    const phase = buildspec.phases[name];
    if (!phase) continue;
    const onFailure = phase['on-failure'];
    const endsBuild = onFailure === 'ABORT' || (onFailure === undefined && name !== 'build');
    lines.push(
      'if [ "$codebuild_ended" -eq 0 ]; then',
      `echo phase ${name} >&3`,
      'codebuild_outcome=0',
      ...renderCommands(phase.commands, 'codebuild_outcome'),
      'codebuild_finally=0',
      ...renderCommands(phase.finally, 'codebuild_finally'),
      'if [ "$codebuild_outcome" -eq 0 ]; then codebuild_outcome=$codebuild_finally; fi',
      'if [ "$codebuild_outcome" -ne 0 ]; then',
      'CODEBUILD_BUILD_SUCCEEDING=0',
      ...(endsBuild ? ['codebuild_ended=1'] : []),
      'fi',
      'fi',
    );
  }
  for (const name of buildspec.env['exported-variables']) {
    lines.push(`echo export ${name} "$(printf %s "\${${name}-}" | base64 | tr -d '\\n')" >&3`);
  }
  lines.push('echo end >&3');
  return `${lines.join('\n')}\n`;
}
