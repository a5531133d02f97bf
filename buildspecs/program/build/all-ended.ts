/**
 * Works like `Promise.all`, but throws only when all of the work has ended: work that still runs would write into
 * directories that are cleaned up by then. Of several failures it throws the first in the list, not the first in time.
 */
export async function allEnded<const Work extends readonly unknown[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
