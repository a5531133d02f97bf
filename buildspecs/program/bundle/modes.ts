/** The mode of every directory of a tree. What is secret is protected by the directory above the tree. */
export const DIRECTORY_MODE = 0o755;

const PERMISSIONS = 0o777;
const OWNER_MAY_WRITE = 0o600;
/** Permissions that no packed file or directory has. As a umask, it takes nothing away from the others. */
export const OTHERS_MAY_WRITE = 0o022;

/**
 * Returns the mode that a file has in a plan and in its apply. Git's modes, 0644 and 0755, stay as they are. Only the
 * owner writes, and no file runs as another user or group (setuid, setgid).
 */
export const fileMode = (mode: number): number => ((mode & PERMISSIONS) | OWNER_MAY_WRITE) & ~OTHERS_MAY_WRITE;
