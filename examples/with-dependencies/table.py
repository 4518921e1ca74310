from tabulate import tabulate

print(tabulate([["bread", 3], ["milk", 2]], headers=["what", "how many"]))
