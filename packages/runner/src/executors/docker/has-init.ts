import type Docker from 'dockerode'

/** Whether the engine can put an init before a script. */
export async function hasInit(docker: Docker): Promise<boolean> {
  const info: unknown = await docker.info()
  const commit =
    typeof info === 'object' && info !== null && 'InitCommit' in info ? info.InitCommit : undefined
  // What the engine answers when it finds no init to ask for its version.
  return !(typeof commit === 'object' && commit !== null && 'ID' in commit && commit.ID === 'N/A')
}
