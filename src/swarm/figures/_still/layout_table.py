"""The attributes of a layout, without its flat axes, that a still draws or may leave out."""

_NAMES = ("xaxis", "yaxis", "scene", "polar", "geo", "map", "mapbox", "ternary", "smith")


def is_part(name: str) -> bool:
    """Tell whether part of a layout is an axis or a subplot, which has a table of its own."""
    return name.rstrip("0123456789") in _NAMES


LAYOUT = """
title.* width height autosize margin.* font.* paper_bgcolor plot_bgcolor colorway colorscale.*
coloraxis*.* legend.* showlegend barmode bargap boxmode violinmode boxgap violingap boxgroupgap
violingroupgap bargroupgap=0 autotypenumbers extend*colors piecolorway
template.* template meta meta.* updatemenus[].* sliders[].* hover* clickmode
dragmode selectdirection uirevision datarevision editrevision selectionrevision transition.*
modebar.* newshape.* activeshape.* newselection.* activeselection.* spikedistance computed
minreducedwidth minreducedheight calendar=gregorian grid.* uniformtext.mode=False
uniformtext.minsize *src strict *defaults.* clickanywhere
annotations[].text annotations[].x annotations[].y annotations[].xref annotations[].yref
annotations[].ax annotations[].ay annotations[].axref annotations[].ayref
annotations[].showarrow annotations[].arrowhead annotations[].arrowcolor
annotations[].arrowwidth annotations[].arrowsize annotations[].arrowside=end
annotations[].xanchor annotations[].yanchor annotations[].xshift annotations[].yshift
annotations[].font.* annotations[].textangle annotations[].opacity annotations[].align
annotations[].valign annotations[].bgcolor annotations[].bordercolor annotations[].borderwidth
annotations[].borderpad annotations[].standoff annotations[].startstandoff=0
annotations[].visible annotations[].hover* annotations[].captureevents annotations[].name
annotations[].clicktoshow=False annotations[].startarrowhead annotations[].startarrowsize
shapes[].type=line|rect|circle shapes[].x0 shapes[].x1 shapes[].y0 shapes[].y1 shapes[].xref
shapes[].yref shapes[].line.* shapes[].fillcolor shapes[].fillrule shapes[].opacity
shapes[].layer shapes[].visible shapes[].name shapes[].editable shapes[].xsizemode=scaled
shapes[].ysizemode=scaled shapes[].x?shift=0 shapes[].y?shift=0 shapes[].showlegend=False
"""

_SOLID_AXIS = """
{0}.title.* {0}.range {0}.type=-|linear|log {0}.color {0}.grid* {0}.zeroline* {0}.show*
{0}.line* {0}.tick* {0}.nticks {0}.dtick {0}.backgroundcolor {0}.spike* {0}.hoverformat
{0}.autorange=True|False {0}.exponentformat {0}.separatethousands {0}.mirror
{0}.autotypenumbers {0}.visible=True {0}.rangemode=normal
"""
PARTS = {
    "scene": " ".join(_SOLID_AXIS.format(f"{c}axis") for c in "xyz")
    + """
    camera.eye.* camera.center.* camera.up.x=0 camera.up.y=0 camera.up.z=1
    camera.projection.type=perspective domain.* aspectmode aspectratio.* bgcolor dragmode
    hovermode uirevision
    """,
    "polar": """
    domain.* bgcolor angularaxis.rotation angularaxis.direction angularaxis.color
    angularaxis.grid* angularaxis.line* angularaxis.show* angularaxis.tick* angularaxis.layer
    angularaxis.type angularaxis.categoryorder=trace angularaxis.autotypenumbers
    angularaxis.thetaunit angularaxis.nticks angularaxis.dtick angularaxis.hoverformat
    radialaxis.range radialaxis.color radialaxis.grid* radialaxis.line* radialaxis.show*
    radialaxis.tick* radialaxis.layer radialaxis.type=-|linear radialaxis.angle radialaxis.side
    radialaxis.visible=True radialaxis.autorange=True|False radialaxis.autotypenumbers
    radialaxis.nticks radialaxis.dtick radialaxis.hoverformat radialaxis.rangemode=tozero
    gridshape=circular sector=0|360 hole=0 uirevision
    """,
}
