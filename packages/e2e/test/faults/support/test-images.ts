/** The images of runners under test, as in `RGRID_IMAGES`. */
export const TEST_IMAGES =
  process.env['RGRID_IMAGES'] ?? 'python=rgrid-test/python,node=rgrid-test/node,bash=rgrid-test/python'
