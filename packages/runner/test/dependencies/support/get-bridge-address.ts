import type Docker from 'dockerode'

/** Where containers reach this machine. An engine that has just made its bridge only names the subnet. */
export async function getBridgeAddress(docker: Docker): Promise<string> {
  const { IPAM } = await docker.getNetwork('bridge').inspect()
  const config = IPAM?.Config?.[0]
  return config?.Gateway ?? config?.Subnet?.replace(/0\/\d+$/, '1') ?? ''
}
