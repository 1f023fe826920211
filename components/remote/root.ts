/** Shell text that sets `$root`: what stands before a command that needs root's rights, nothing where the login has them. */
export const findRoot = 'root=; test "$(id -u)" = 0 || root="sudo -n"';
