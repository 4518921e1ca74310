import { Option } from 'commander'

/** Whether an earlier execution may stand in: `--cache` and what else will do. */
export const cacheOptions = (): Option[] => [
  new Option('--cache', 'give back what the same gave before with --cache, and run nothing then'),
  new Option('--cache-failures', 'the same, also where it ended with another exit code than 0').implies({
    cache: true,
  }),
  new Option('--cache-network', 'the same, also where it could reach a network').implies({ cache: true }),
]
