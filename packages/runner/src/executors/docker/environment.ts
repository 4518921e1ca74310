/** Names what the scripts of an image run in, by the engine's id of the image: see `Place.environment`. */
export const toEnvironment = (imageId: string): string => `docker ${imageId}`
