/** Thrown when the repository of a module cannot be read. The message is for people and has no credentials. */
export class RepositoryError extends Error {
  override readonly name = 'RepositoryError';
}
