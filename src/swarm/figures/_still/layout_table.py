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
minreducedwidth minreducedheight calendar=gregorian uniformtext.mode=False
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
{0}.title.* {0}.range {0}.type=-|linear|log {0}.color {0}.grid* {0}.zeroline* {0}.showbackground
{0}.showspikes {0}.showgrid {0}.showline {0}.showexponent {0}.showticklabels=True
{0}.line* {0}.tickfont.* {0}.tickcolor {0}.tickwidth {0}.ticklen {0}.tickangle {0}.ticks
{0}.tickmode=auto {0}.nticks {0}.dtick {0}.backgroundcolor {0}.spike* {0}.hoverformat
{0}.autorange=True|False {0}.exponentformat {0}.separatethousands {0}.mirror
{0}.autotypenumbers {0}.visible=True {0}.rangemode=normal
"""
PARTS = {
    "scene": " ".join(_SOLID_AXIS.format(f"{c}axis") for c in "xyz")
    + """
    camera.eye.* camera.center.* camera.up.x=0 camera.up.y=0 camera.up.z=1
    camera.projection.type=perspective domain.x domain.y aspectmode aspectratio.* bgcolor dragmode
    hovermode uirevision
    """,
    "polar": """
    domain.x domain.y bgcolor angularaxis.rotation angularaxis.direction angularaxis.color
    angularaxis.grid* angularaxis.line* angularaxis.showline angularaxis.showgrid
    angularaxis.showticklabels=True angularaxis.tickfont.* angularaxis.ticks angularaxis.tickcolor
    angularaxis.ticklen angularaxis.tickwidth angularaxis.layer
    angularaxis.type angularaxis.categoryorder=trace angularaxis.autotypenumbers
    angularaxis.thetaunit angularaxis.nticks angularaxis.dtick angularaxis.hoverformat
    radialaxis.range radialaxis.color radialaxis.grid* radialaxis.line* radialaxis.showline
    radialaxis.showgrid radialaxis.showticklabels=True radialaxis.tickfont.* radialaxis.ticks
    radialaxis.tickcolor radialaxis.ticklen radialaxis.tickwidth radialaxis.tickangle
    radialaxis.layer radialaxis.type=-|linear radialaxis.angle radialaxis.side
    radialaxis.visible=True radialaxis.autorange=True|False radialaxis.autotypenumbers
    radialaxis.nticks radialaxis.dtick radialaxis.hoverformat radialaxis.rangemode=tozero
    gridshape=circular sector=0|360 hole=0 uirevision
    """,
}
