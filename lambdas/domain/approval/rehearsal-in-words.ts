import type { Rehearsal } from '../plan/rehearsal/rehearsal-schema.ts';

/** Says it in one line: `7 of 9 changes were rehearsed in stage1`. */
export function rehearsalInWords({ environment, rehearsed, of, partly, appliesKnown }: Rehearsal): string {
  const were = rehearsed === 1 || of === 1 ? 'was' : 'were';
  const howMany = `${rehearsed} of ${of} ${of === 1 ? 'change' : 'changes'} ${were} rehearsed in ${environment}`;
  const doubts = [
    partly > 0 && `${partly} of them only by an apply that failed`,
    rehearsed < of && !appliesKnown && 'not every apply there is known',
  ];
  return [howMany, ...doubts.filter((doubt) => doubt !== false)].join('; ');
}
