/**
 * As `Promise.all`, but a failure is told when all of it has ended: what goes on would write into what is cleaned up by then.
 * Of several failures the first in the list is told, whichever came first.
 */
export async function allEnded<const Work extends readonly unknown[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
